"""The Airflow side, and the contract that both sides share; a package, so that no other ``include`` shadows it."""
