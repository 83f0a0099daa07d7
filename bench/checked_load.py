"""Load of which every answer is looked at."""
import re
import subprocess
import tempfile

SCRIPT = """
local wanted = { %s }
local turn, threads = 0, {}
function setup(thread) thread:set("wrong", 0) table.insert(threads, thread) end
function request()
  turn = turn %% #wanted + 1
  return wrk.format("GET", wanted[turn].path, { apikey = wanted[turn].key })
end
function response(status, headers, body)
  for _, case in ipairs(wanted) do
    if status == case.status and body:find(case.part, 1, true) then return end
  end
  wrong = wrong + 1
end
function done(summary)
  local count = 0
  for _, thread in ipairs(threads) do count = count + thread:get("wrong") end
  io.write("wrongly answered: " .. count .. "\\n")
end
"""


def checked_load(url, seconds, connections, wanted):
    """`wanted`: [(path, apikey or None, status, part of the body)]. Gives p99 in ms, requests, failed ones."""
    cases = ", ".join(f'{{ path = "{path}", key = {chr(34) + key + chr(34) if key else "nil"}, status = {status}, part = "{part}" }}'
                      for path, key, status, part in wanted)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % cases)
        script.flush()
        out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency", "-s", script.name,
                              url], stdout=subprocess.PIPE, text=True, check=True).stdout
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    failed = int(re.search(r"wrongly answered: (\d+)", out).group(1))
    failed += sum(int(n) for n in re.findall(r"(?:connect|read|write|timeout) (\d+)", out))
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit], requests, failed
