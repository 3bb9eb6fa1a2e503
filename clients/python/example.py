"""A service in Python: attaches `adder`, which answers a list of numbers with their sum.

    python3 clients/python/example.py [SOCKET]        # the default is $JETWAY_SOCKET

Then, from anywhere in the mesh:

    jetway request adder '[1, 2, 39]' --json-data     # prints 42
"""

import os
import sys

from jetway import Client, JetwayError


def add(envelope):
    numbers = envelope.data
    if not isinstance(numbers, list) or not all(isinstance(n, (int, float)) for n in numbers):
        return "adder: a list of numbers, please"
    return sum(numbers)


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("JETWAY_SOCKET")
    if not path:
        print("example.py: name the router's socket, as an argument or in JETWAY_SOCKET", file=sys.stderr)
        return 2
    try:
        with Client(path, services=["adder"]) as router:
            print(f"adder attached: {router.address}", flush=True)
            router.serve(add)
    except OSError as error:
        print(f"example.py: no router at {path}: {error}", file=sys.stderr)
        return 4
    except JetwayError as error:
        print(f"example.py: {error}", file=sys.stderr)
        return 0 if error.code == "shutdown" else 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
