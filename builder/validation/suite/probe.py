"""Which of the packages that the suite knows there are; imports none of them."""

from terrane_harness import CONFIG, has, operation, Skip


def add(module):
    @operation(module)
    def look():
        if not has(module):
            raise Skip("absent")


for name in CONFIG["modules"]:
    add(name)
