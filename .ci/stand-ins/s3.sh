# The command line is seaweedfs's; only its port matters here.
exec /opt/venv/bin/moto_server -H 0.0.0.0 -p 8333
