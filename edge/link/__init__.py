"""MQTT: topics, message formats, the connection, commands."""
