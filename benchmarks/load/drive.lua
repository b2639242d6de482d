-- What drive.py asks of wrk: requests in turns, and the outcome as a line of JSON.
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  local paths = {}
  for path in io.lines(args[1]) do table.insert(paths, path) end
  wrk.path = paths[1]
  if args[2] then
    local file = io.open(args[2], "rb")
    wrk.method, wrk.body = "POST", file:read("*a")
    file:close()
  end
  if #paths > 1 then
    local turn = number * 7919
    request = function()
      turn = turn + 1
      return wrk.format(nil, paths[turn % #paths + 1])
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('SEEN {"rate": %f, "p50_ms": %f, "p95_ms": %f, "p99_ms": %f, "failures": %d}\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    latency:percentile(99) / 1e3, errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
