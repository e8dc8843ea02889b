"""Write SeaweedFS's file of identities from the environment: `s3_config.py PATH`."""

import json
import os
import sys
from pathlib import Path

credentials = {"accessKey": os.environ["AWS_ACCESS_KEY_ID"], "secretKey": os.environ["AWS_SECRET_ACCESS_KEY"]}
actions = ["Admin", "Read", "Write", "List", "Tagging"]
identity = {"name": "nightshift", "credentials": [credentials], "actions": actions}
path = Path(sys.argv[1])
path.touch(mode=0o640)
path.write_text(json.dumps({"identities": [identity]}), encoding="utf-8")
