"""Make the buckets of a store in the cluster, with versions, once it answers: `buckets.py NAME...`."""

import os
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

DEADLINE_SECONDS = 600


def main(names: list[str]) -> int:
    """Make those that are not there; 1 if the store does not answer in time."""
    config = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 1})
    client = boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT_URL"], config=config)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            known = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
            for name in names:
                if name not in known:
                    client.create_bucket(Bucket=name)
                client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        except (BotoCoreError, ClientError) as error:
            if time.monotonic() > deadline:
                print(f"no store after {DEADLINE_SECONDS} s: {error}")
                return 1
            print(f"waiting: {error}", flush=True)
            time.sleep(2)
        else:
            print(f"buckets are there: {', '.join(names)}")
            return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
