-- Of a HELD hold: all after its state, the part that most leave out, lines, buyer.
local HELD_PATTERN = '^H(%x+;%x+([^;]*);([^;]*);(.*))$'

-- Expires HELD holds whose deadline has passed, oldest first, up to a bound of lines; returns how many holds and how many lines.
-- What is due was not touched by this call, so it is read past what the call has in memory.
local function expire_due(now, lines_max, keyed_memory_ms, memory_ms)
  write_indexes()
  local due = redis.call('ZRANGEBYSCORE', KEYS[3], 0, now, 'LIMIT', 0, lines_max)
  if #due == 0 then
    return 0, 0
  end
  local records = redis.call('HMGET', KEYS[2], unpack(due))
  local lapsed, tails, rests, texts, owners, seen, lines_seen = {}, {}, {}, {}, {}, 0, 0
  while seen < #due and lines_seen < lines_max do
    seen = seen + 1
    local tail, rest, lines, buyer = string.match(records[seen] or '', HELD_PATTERN)
    if tail then
      local at = #lapsed + 1
      lapsed[at], tails[at], rests[at], texts[at], owners[at] = due[seen], tail, rest, lines, buyer
      lines_seen = lines_seen + #lines_of(lines)
    end
  end
  local packed_owners = #owners > 0 and redis.call('HMGET', KEYS[5], unpack(owners))
  for at, id in ipairs(lapsed) do
    know_buyer(owners[at], packed_owners[at])
    if rests[at] == '' then
      -- Nothing but the state changes, and its memory begins now: so it need not be taken apart.
      end_hold(id, 'E', 'E' .. tails[at], texts[at], owners[at], now + memory_ms)
    else
      give_back(id, unpack_hold('H' .. tails[at]), 'E', now, keyed_memory_ms, memory_ms)
    end
  end
  -- The first place is the sentinel's, and those that were seen come next; what is no HELD hold is only dropped.
  redis.call('ZREMRANGEBYRANK', KEYS[3], 1, seen)
  return #lapsed, lines_seen
end
