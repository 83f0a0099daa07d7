"""Ten targets, of which every second a random one is killed, frozen or slowed, under load: no idempotent request fails."""
import os
import random
import time

from gateway import Gateway, wait_until
from load import Load
from target import Target
from test_targets import health, make_upstream, tally

# SILVERBACK_CHAOS_SECONDS=120 is the long form.
SECONDS = int(os.environ.get("SILVERBACK_CHAOS_SECONDS", "12"))
CHECKS = {
    "active": {"timeout": 0.4, "healthy": {"interval": 0.5, "successes": 1},
               "unhealthy": {"interval": 0.5, "tcp_failures": 1, "timeouts": 1, "http_failures": 1}},
    "passive": {"unhealthy": {"tcp_failures": 1, "timeouts": 1, "http_failures": 1}},
}
DAMAGES = {"killed": (Target.kill, Target.start), "frozen": (Target.stop, Target.go_on), "slowed": (Target.slow, Target.quick)}


def test_no_idempotent_request_fails():
    rng = random.Random(int(os.environ.get("SILVERBACK_CHAOS_SEED", "1")))
    targets, hurt = [Target(f"t{i}").start() for i in range(10)], []  # (until, target, heal)
    shifts = []
    try:
        with Gateway(workers=2) as gw:
            service = {"retries": 5, "read_timeout": 400, "connect_timeout": 400}
            make_upstream(gw, targets, CHECKS, service)
            requests = [(method, f"/r/{i}", {}, 200, b"" if method == "HEAD" else b"t")
                        for i, method in enumerate(("GET", "GET", "PUT", "DELETE", "GET", "OPTIONS", "GET"))]
            with Load(gw.proxy_port, 8, requests) as load:
                end = time.time() + SECONDS
                while time.time() < end:
                    begun = time.time()
                    for entry in [entry for entry in hurt if entry[0] <= begun]:
                        entry[2](entry[1])
                        hurt.remove(entry)
                    well = [target for target in targets if target not in [entry[1] for entry in hurt]]
                    kind, victim = rng.choice(list(DAMAGES)), rng.choice(well)
                    DAMAGES[kind][0](victim)
                    hurt.append((begun + rng.uniform(1, 3), victim, DAMAGES[kind][1]))
                    wait_until(lambda: health(gw)[str(victim.port)] == "UNHEALTHY")
                    shifts.append(time.time() - begun)
                    time.sleep(max(0, begun + 1 - time.time()))
                for _, target, heal in hurt:
                    heal(target)
                hurt.clear()
                wait_until(lambda: set(health(gw).values()) == {"HEALTHY"})
            print(f"{load.count} requests, {len(load.failures)} failed, {len(shifts)} times a target was hurt; unhealthy "
                  f"after {max(shifts):.2f} s at most")
            assert load.failures == [], (len(load.failures), load.count, load.failures[:3])
            assert set(tally(gw, 40)) == {f"t{i}" for i in range(10)}
    finally:
        for target in targets:
            target.go_on()
            target.kill()
