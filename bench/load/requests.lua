-- What wrk runs: sends the requests of a file, each once and in its order. A record is six digits, the length, and so many bytes.
-- When the file is at its end wrk is told to stop, as by Ctrl-C, for by itself it would sleep until its time is over. That also
-- spoils its own count of seconds, hence a clock of ours.
local ffi = require('ffi')
ffi.cdef [[
  typedef struct { long seconds; long microseconds; } onsale_time;
  int gettimeofday(onsale_time *now, void *zone);
  int getpid(void);
  int kill(int pid, int signal);
]]

local function now_us()
  local now = ffi.new('onsale_time')
  ffi.C.gettimeofday(now, nil)
  return tonumber(now.seconds) * 1e6 + tonumber(now.microseconds)
end

local interrupt = 2
local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function init(args)
  file = assert(io.open(args[1], 'rb'))
  is_verified = false
  started_us = 0
  ended_us = 0
end

function request()
  -- wrk asks once to look at what would be sent, and does not send it: the first buyer has to come again.
  if not is_verified then
    is_verified = true
    local first = file:read(tonumber(file:read(6)))
    file:seek('set', 0)
    return first
  end
  if started_us == 0 then
    started_us = now_us()
  end
  local length = file:read(6)
  if length then
    return file:read(tonumber(length))
  end
  if ended_us == 0 then
    ended_us = now_us()
    ffi.C.kill(ffi.C.getpid(), interrupt)
  end
  wrk.thread:stop()
  -- Something has to be returned; its answer is not waited for.
  return 'GET /livez HTTP/1.1\r\nHost: over\r\n\r\n'
end

function done(summary, latency)
  local seconds = summary.duration / 1e6
  local ran_out = false
  for _, thread in ipairs(threads) do
    local ended_us = thread:get('ended_us')
    if ended_us > 0 then
      ran_out = true
      seconds = (ended_us - thread:get('started_us')) / 1e6
    end
  end
  local errors = summary.errors
  local answer = '{"answers":%d,"refused":%d,"errors":%d,"seconds":%.6f,"p50Ms":%.3f,"p99Ms":%.3f,"ranOut":%s}\n'
  io.write(answer:format(
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout, seconds,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, tostring(ran_out)
  ))
end
