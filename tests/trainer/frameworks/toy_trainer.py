"""The trainer's command line with the toy as its only framework: ``python -m tests.trainer.frameworks.toy_trainer``.

Fails if a step loads a library that belongs to another framework.
"""

import sys

from trainer import frameworks
from trainer.__main__ import main

if __name__ == "__main__":
    frameworks.FRAMEWORKS = {"toy": "tests.trainer.frameworks.toy"}
    frameworks.USUAL_FRAMEWORK = "toy"
    code = main()
    others = sorted({"torch", "torchvision", "ultralytics"} & set(sys.modules))
    sys.exit(f"loaded {others}, which the toy framework does not need" if others else code)
