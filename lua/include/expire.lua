-- Of a HELD hold: the part that most leave out, lines, buyer.
local HELD_PATTERN = '^H%x+;%x+([^;]*);([^;]*);(.*)$'

-- Expires HELD holds whose deadline has passed, oldest first, up to a bound of lines; returns how many holds and how many lines.
local function expire_due(now, lines_max, keyed_memory_ms, memory_ms)
  write_indexes()
  local due = redis.call('ZRANGEBYSCORE', KEYS[3], 0, now, 'LIMIT', 0, lines_max)
  load_holds(due)
  local lapsed, rests, texts, owners, count = {}, {}, {}, {}, 0
  for _, id in ipairs(due) do
    if count >= lines_max then
      break
    end
    local rest, lines, buyer = string.match(read_packed_hold(id) or '', HELD_PATTERN)
    if buyer then
      local at = #lapsed + 1
      lapsed[at], rests[at], texts[at], owners[at] = id, rest, lines, buyer
      count = count + #lines_of(lines)
    else
      leave(KEYS[3], id)
    end
  end
  load_buyers(owners)
  for at, id in ipairs(lapsed) do
    if rests[at] == '' then
      -- Nothing but the state changes, and its memory begins now: so it need not be taken apart.
      leave(KEYS[3], id)
      end_hold(id, 'E', 'E' .. string.sub(read_packed_hold(id), 2), texts[at], owners[at], now + memory_ms)
    else
      give_back(id, read_hold(id), 'E', now, keyed_memory_ms, memory_ms)
    end
  end
  return #lapsed, count
end
