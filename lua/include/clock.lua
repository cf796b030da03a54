-- One clock: Redis TIME, read once per script. A given time other than '0' is for tests and simulation only.
local function read_clock(given)
  if given ~= '0' then
    return tonumber(given)
  end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
