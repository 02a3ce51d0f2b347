-- wrk's script: post the given bodies in turn, count answers by what they are, print one JSON line at the end.
-- Called as: wrk … -s post.lua URL -- CONTENT_TYPE FILE…

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  succeeded, failed, turn, requests = 0, 0, 0, {}
  local headers = { ["Content-Type"] = args[1] }
  for number = 2, #args do
    local file = assert(io.open(args[number], "rb"))
    requests[#requests + 1] = wrk.format("POST", nil, headers, file:read("*a"))
    file:close()
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

-- wrk itself counts only 400 and above as errors: a redirect would pass for a success
function response(status)
  if status >= 200 and status < 300 then
    succeeded = succeeded + 1
  else
    failed = failed + 1
  end
end

function done(summary, latency)
  local good, bad = 0, 0
  for _, thread in ipairs(threads) do
    good = good + thread:get("succeeded")
    bad = bad + thread:get("failed")
  end
  local line = '\n{"seconds": %f, "succeeded": %d, "non_2xx": %d, "connect": %d, "read": %d, "write": %d, '
    .. '"timeout": %d, "p50_milliseconds": %f, "p99_milliseconds": %f}\n'
  io.write(line:format(
    summary.duration / 1e6, good, bad, summary.errors.connect, summary.errors.read, summary.errors.write,
    summary.errors.timeout, latency:percentile(50) / 1000, latency:percentile(99) / 1000
  ))
end
