"""How many round trips a push takes: the longest chain of requests of which each waits for an answer to the one before.

A connection takes one more (TCP), with TLS 1.3 two, with TLS 1.2 three; what is counted is how often one is waited for.
"""

import shutil
import ssl
import unittest

from ecr_like_registry import Authority, Proxy, Rounds
from terrane_test import have
from test_registry_faults import FaultCase

ATTEMPTS = 3  # a busy machine can only make the rounds more: the fewest of some attempts are what they are


class PushRounds(FaultCase):
    def setUp(self):
        super().setUp()
        self.write("lib/f", "lib")
        self.write("app/handler.py", "pass\n")
        self.serial = 0
        self.profile = self.write_profile(trees=[{"name": name, "directory": name, "prefix": f"/{name}"}
                                                 for name in ("lib", "app")])

    def edit(self):
        self.serial += 1
        self.write("app/handler.py", f"print({self.serial})\n")
        return self.build(self.profile)

    def measure(self, start, push, *expected):
        """Pushes until it took only @expected rounds, and waited for connections as often."""
        for _ in range(ATTEMPTS):
            registry = start()
            registry.rounds.restart()
            push(registry)
            counted = (max(visit.round for visit in registry.rounds.visits), registry.rounds.connections())
            if counted <= expected:
                break
        self.assertEqual(counted, expected, registry.rounds.visits)
        return registry

    def push_edited(self, registry):
        record = self.edit()
        report = self.push(registry, to=f"team/app:v{self.serial}")
        self.assertEqual((report["blobs_uploaded"], report["blobs_existing"]), (2, 2))
        self.assert_pushed(registry, record, tag=f"v{self.serial}")

    def open_with(self, **options):
        def start():
            registry = self.start(rounds=Rounds(), **options)
            if options.get("auth"):
                self.login(registry)
            return registry

        return start

    def first_and_edited(self, start, rounds, connections=1):
        def push_first(registry):
            if self.store.exists():
                shutil.rmtree(self.store)  # and what it remembers of registries
            record = self.edit()
            report = self.push(registry)
            self.assertEqual((report["blobs_uploaded"], report["blobs_existing"]), (4, 0))
            self.assert_pushed(registry, record)

        registry = self.measure(start, push_first, rounds, connections)
        return self.measure(lambda: registry, self.push_edited, rounds, connections)

    def test_open(self):
        """Questions, blobs, manifest."""
        registry = self.first_and_edited(self.open_with(), 3)
        methods = [{visit.method for visit in registry.rounds.visits if visit.round == number} for number in (1, 2, 3)]
        self.assertEqual(methods, [{"GET", "HEAD", "POST"}, {"PUT"}, {"PUT"}])
        self.assertIn("/manifests/", registry.rounds.visits[-1].path)
        self.measure(lambda: registry, lambda _: self.push(registry, to=f"team/app:v{self.serial}"), 1, 1)

    def test_password(self):
        """The challenge, and the password once, before all requests bring it."""
        self.first_and_edited(self.open_with(auth="basic"), 5)

    def test_token(self):
        """The challenge, the token."""
        self.first_and_edited(self.open_with(auth="bearer"), 5)

    def test_answers_before_the_challenge_do_not_count(self):
        """A registry that hides its content from unauthenticated clients is not treated as an empty one."""
        registry = self.open_with(auth="basic", hides=True)()
        registry.rounds.quiet = 0.05
        record = self.edit()
        self.push(registry)
        shutil.rmtree(self.store)  # and what it remembers of registries
        self.build(self.profile)
        report = self.push(registry, to="team/app:v2")
        self.assertEqual((report["blobs_uploaded"], report["blobs_existing"], report["digest"]), (0, 4, record["digest"]))
        self.assertTrue(self.push(registry)["unchanged"])
        self.assertGreater(len([visit for visit in registry.rounds.visits if visit.method == "HEAD" and visit.round == 1]), 1)

    def over_tls(self, host, version, **options):
        """Under a name that is not loopback, by way of a proxy."""
        authority = Authority(self.directory / "authority", host)
        authority.context.maximum_version = version
        self.env |= {"SSL_CERT_FILE": str(authority.certificate), "CURL_CA_BUNDLE": "", "SSL_CERT_DIR": ""}

        def start():
            registry = self.start(authority=authority, rounds=Rounds(0.3), **options)
            proxy = Proxy(registry.port)
            self.addCleanup(proxy.__exit__)
            self.env["https_proxy"] = proxy.url
            registry.host = host
            if options.get("auth"):
                self.login(registry)
            return registry

        return start

    @unittest.skipUnless(have("openssl"), "openssl is not installed")
    def test_tls(self):
        """The connections are opened at the same time, and kept."""
        self.first_and_edited(self.over_tls("registry.terrane.test", ssl.TLSVersion.TLSv1_3), 3)

    @unittest.skipUnless(have("openssl"), "openssl is not installed")
    def test_tls_sessions_are_resumed(self):
        """By every connection that is opened when there has been one before, on whichever thread; the server counts. TLS 1.3
        has only tickets, which libcurl disables with GnuTLS; to resume would not save a round trip there."""
        registry = self.over_tls("registry.terrane.test", ssl.TLSVersion.TLSv1_2, keeps=False)()
        record = self.edit()
        self.push(registry)
        self.assert_pushed(registry, record)
        later = [visit.resumed for visit in registry.rounds.visits if visit.round > 1 and visit.method == "PUT"]
        self.assertEqual(later, [True] * 5, registry.rounds.visits)

    @unittest.skipUnless(have("openssl"), "openssl is not installed")
    def test_ecr(self):
        """Its challenge is known, so there is none."""
        host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
        self.first_and_edited(self.over_tls(host, ssl.TLSVersion.TLSv1_3, auth="basic"), 3)


if __name__ == "__main__":
    unittest.main()
