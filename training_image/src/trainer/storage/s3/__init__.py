"""Read objects from S3 and compatible stores (SeaweedFS, MinIO).

``S3Storage`` lists with boto3 and fetches by signed addresses (decision 0014). Retries, listings, error texts and the
client's configuration have a module each. No other room imports boto3 or botocore, and no message from here shows a
credential.
"""

from .storage import S3Storage

__all__ = [
    "S3Storage",
]
