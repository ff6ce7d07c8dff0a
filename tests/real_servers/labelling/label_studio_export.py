"""Run by an environment that has Label Studio's own converter: export tasks as its server does."""

import sys
from pathlib import Path

from label_studio_sdk.converter import Converter

CONTROL = """
<View><Text name="text" value="$text"/>
<Choices name="frames" toName="text" choice="multiple">
<Choice value="service_value"/><Choice value="Justice and equality"/><Choice value="skip"/>
</Choices></View>
"""

tasks, folder = Path(sys.argv[1]), Path(sys.argv[2])
for name in ("min", "csv"):
    (folder / name).mkdir()
converter = Converter(CONTROL, project_dir=None)
converter.convert_to_json_min(str(tasks), str(folder / "min"), is_dir=False)
converter.convert_to_csv(str(tasks), str(folder / "csv"), is_dir=False, sep=",", header=True)
