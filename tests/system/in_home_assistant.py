"""A real Home Assistant with its own MQTT integration, for a test: run by a Python that has it, not by ours. Needs: homeassistant, paho-mqtt.

Prints what becomes of each MQTT entity, a line of JSON each. Nothing but the integration and what it stands on is set up, so that it talks to the broker alone.
"""

import asyncio
import json
import sys
from pathlib import Path

from homeassistant import auth, bootstrap, config_entries, loader, setup
from homeassistant.const import __version__
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry


async def main(folder: Path, port: int, http_port: int) -> None:
    """Until it is ended. folder: empty, for its configuration. port: of the broker. http_port: a free one, which its HTTP insists on."""
    (folder / "configuration.yaml").touch()
    hass = HomeAssistant(str(folder))
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    hass.auth = await auth.auth_manager_from_config(hass, [], [])
    http = {"server_host": "127.0.0.1", "server_port": http_port}
    for name, settings in (("homeassistant", {}), ("http", http)):
        assert await setup.async_setup_component(hass, name, {name: settings}), name

    def changed(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        # Of an entity that has just been taken away the registry knows no more, but its id says whose it was.
        entry = entity_registry.async_get(hass).async_get(event.data["entity_id"])
        told = {"entity": event.data["entity_id"], "unique_id": entry.unique_id if entry else None, "state": state.state if state else None}
        print(json.dumps(told | {"attributes": {k: v for k, v in state.attributes.items() if isinstance(v, str | list)} if state else {}}), flush=True)

    hass.bus.async_listen("state_changed", callback(changed))
    await hass.async_start()
    entry = config_entries.ConfigEntry(
        domain="mqtt", title="", data={"broker": "127.0.0.1", "port": port}, options={}, source="user", version=1, minor_version=2, unique_id=None,
        discovery_keys={}, subentries_data=None,
    )  # fmt: skip
    await hass.config_entries.async_add(entry)
    print(json.dumps({"ready": entry.state.value, "version": __version__}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
