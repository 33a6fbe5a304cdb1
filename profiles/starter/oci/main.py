"""The program of the image: reads an event as JSON, and prints the answer."""

import json
import sys

from @MODULE@ import @FUNCTION@ as handle

if __name__ == "__main__":
    json.dump(handle(json.load(sys.stdin), None), sys.stdout)
    print()
