-- Expires HELD holds whose deadline has passed, oldest first, up to a bound of lines; returns how many holds and how many lines.
local function expire_due(now, lines_max, keyed_memory_ms, memory_ms)
  local holds, lines = 0, 0
  local due = redis.call('ZRANGEBYSCORE', KEYS[3], 0, now, 'LIMIT', 0, lines_max)
  for _, id in ipairs(due) do
    if lines >= lines_max then
      break
    end
    local hold = read_hold(id)
    if hold and hold.state == 'H' then
      for _ in each_line(hold.lines) do
        lines = lines + 1
      end
      give_back(id, hold, 'E', now, keyed_memory_ms, memory_ms)
      holds = holds + 1
    else
      redis.call('ZREM', KEYS[3], id)
    end
  end
  return holds, lines
end
