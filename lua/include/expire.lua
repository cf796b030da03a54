-- Of a HELD hold: all after its state, the part that most leave out, lines, buyer.
local HELD_PATTERN = '^H(%x+;%x+([^;]*);([^;]*);(.*))$'

-- Expires HELD holds whose deadline has passed, oldest first, up to a bound of lines; returns how many holds and how many lines.
-- What is due was not touched by this call, so it is read past what the call has in memory. It is give_back for many: of most
-- holds nothing but the state changes, and a handful of calls for each would cost as much as all the rest.
local function expire_due(now, lines_max, keyed_memory_ms, memory_ms)
  write_indexes()
  local due = redis.call('ZRANGEBYSCORE', KEYS[3], 0, time_text(now), 'LIMIT', 0, lines_max)
  if #due == 0 then
    return 0, 0
  end
  local records = redis.call('HMGET', KEYS[2], unpack(due))
  local lapsed, tails, rests, texts, owners, count, seen, lines_seen = {}, {}, {}, {}, {}, 0, 0, 0
  while seen < #due and lines_seen < lines_max do
    seen = seen + 1
    local tail, rest, lines, buyer = string.match(records[seen] or '', HELD_PATTERN)
    if tail then
      count = count + 1
      lapsed[count], tails[count], rests[count], texts[count], owners[count] = due[seen], tail, rest, lines, buyer
      lines_seen = lines_seen + #lines_of(lines)
    end
  end
  local packed_owners = count > 0 and redis.call('HMGET', KEYS[5], unpack(owners))
  local plain, holds_by_lines = {}, {}
  for at = 1, count do
    local id, lines, owner, packed, forget_at = lapsed[at], texts[at], owners[at]
    if rests[at] == '' then
      packed = 'E' .. tails[at]
      plain[#plain + 1] = id
    else
      packed, forget_at = pack_ended(unpack_hold('H' .. tails[at]), 'E', now, keyed_memory_ms, memory_ms)
      remember(id, forget_at)
    end
    put_hold(id, packed)
    if packed_buyers[owner] == nil then
      packed_buyers[owner] = packed_owners[at]
    end
    take_from_buyer(owner, id, lines_of(lines).units)
    holds_by_lines[lines] = (holds_by_lines[lines] or 0) + 1
    note('expire', 'expired', id, lines, '', owner)
  end
  if #plain > 0 then
    remember(table.concat(plain, ','), now + memory_ms)
  end
  for lines, holds in pairs(holds_by_lines) do
    move_units(lines_of(lines), holds, 'held', 'available')
  end
  -- The first place is the sentinel's, and those that were seen come next; what is no HELD hold is only dropped.
  redis.call('ZREMRANGEBYRANK', KEYS[3], 1, seen)
  return count, lines_seen
end
