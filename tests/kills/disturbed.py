"""`python src/train.py`, with the strike that its environment orders. A sweep's runs import this file too."""

import sys

import strikes

strikes.prepare()

if __name__ == "__main__":
    from unrolled.run.entry import train

    train(sys.argv[1:])
