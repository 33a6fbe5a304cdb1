"""AWS for scripts/test-fresh-root: moto with the functions NAME… of images, each with an alias "live" at a version.

    fresh_aws.py NAME…

Prints the URL, then keys, in one line, and ends when its input does.
"""

import subprocess
import sys
import urllib.request

from test_aws import PREPARE_LAMBDA_ROLE, PREPARE_FUNCTION, VENV, Moto


def main():
    moto = Moto()
    try:
        moto.ask("reset-auth", b"1000000")  # else what has no signature is refused, such as the tests' own questions
        request = urllib.request.Request(f"{moto.url}/moto-api/config", b'{"lambda": {"use_docker": false}}',
                                         {"Content-Type": "application/json"}, method="POST")
        urllib.request.urlopen(request).close()
        functions = "".join(PREPARE_FUNCTION.replace("NAME", name).replace("HOST", "registry.example") for name in sys.argv[1:])
        subprocess.run([VENV / "python", "-c", PREPARE_LAMBDA_ROLE + functions, moto.url, *moto.keys["able"]], check=True)
        print(moto.url, *moto.keys["able"], flush=True)
        sys.stdin.read()
    finally:
        moto.stop()


if __name__ == "__main__":
    main()
