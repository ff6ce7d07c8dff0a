"""In a simulated home only: draw a wave every night, and let simulated coders code it."""

from flows.arrow_rows import arrow_rows, nullable, repeated, small, with_column
from flows.coding.codebooks import record_codebook, study_codebook
from flows.coding.drawing import measure_wave, store_waves, survey, train_wave
from flows.night import Night
from flows.simulated_home import read_simulation
from harvesters.simulation.coders import simulated_codings
from warehouse.gateway import Warehouse


def code_simulated(warehouse: Warehouse, night: Night) -> str:
    """Draw a wave from tonight's corpus and let simulated coders code it; returns counts."""
    drawn = draw_wave(warehouse, night)
    coded = code_waiting(warehouse, night)
    return f"drew {drawn} posts for coding; simulated coders gave {coded} codings"


def draw_wave(warehouse: Warehouse, night: Night) -> int:
    """Draw one more wave of both pools, without scores; returns how many posts are new to them."""
    ground = survey(warehouse, night, None)
    if not len(ground.corpus.post_ids):
        return 0
    settings = night.settings.analysis
    waves = [
        measure_wave(ground, wanted=ground.wave * settings.measure_codings),
        train_wave(ground, warehouse, night, n=settings.train_codings),
    ]
    return store_waves(warehouse, waves, day=night.clock.now().date())


def code_waiting(warehouse: Warehouse, night: Night) -> int:
    """Store what the simulated coders say of every drawn post that is not coded yet."""
    waiting = warehouse.query(
        "SELECT d.post_id, d.wave, l.source, l.native_id"
        " FROM draws d JOIN locators l USING (post_id)"
        " WHERE d.state = 'drawn' ORDER BY d.post_id"
    ).to_pylist()
    world = read_simulation(night.home).world()
    rows = [
        (post["post_id"], frame, coder, value, post["wave"])
        for post in waiting
        for coder, frame, value in simulated_codings(world.post(post["source"], post["native_id"]))
    ]
    if not rows:
        return 0
    codebook = study_codebook(night.home, night.settings.coding)
    record_codebook(warehouse, codebook, day=night.clock.now().date())
    post_id, frame, coder, value, wave = zip(*rows, strict=True)
    codings = arrow_rows(
        {
            "post_id": post_id,
            "frame": frame,
            "coder": coder,
            "value": nullable(value),
            "codebook_version": small([codebook.version] * len(rows)),
            "wave": small(wave),
            "coded_at": [night.clock.now()] * len(rows),
        }
    )
    stored = warehouse.replace("codings", codings, keys=["post_id", "frame", "coder"])
    draws = warehouse.query("SELECT * FROM draws WHERE state = 'drawn'")
    coded = with_column(draws, "state", repeated("coded", draws.num_rows))
    warehouse.replace("draws", coded, keys=["post_id"])
    return stored
