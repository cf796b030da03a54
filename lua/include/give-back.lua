-- Ids that are to be remembered until the same time are one entry of the index, joined by commas: nobody looks for one of them.
local remembered = {}

-- One id, or several that are joined so.
local function remember(ids, until_time)
  local list = list_at(remembered, until_time)
  list[#list + 1] = ids
end

local function write_remembered()
  for until_time, ids in pairs(remembered) do
    redis.call('ZADD', KEYS[6], until_time, table.concat(ids, ','))
  end
end

-- Everything that a script with give-back has changed in memory, but the stock and the log.
local function write_changes()
  write_holds()
  write_buyers()
  write_indexes()
  write_remembered()
end

-- The record of a live hold that ends as released (R) or expired (E), and until when its id is remembered with it, so that it
-- never lives twice.
local function pack_ended(hold, state, now, keyed_memory_ms, memory_ms)
  end_hold(hold, state)
  local memory = hold.keyed == '1' and keyed_memory_ms or memory_ms
  return pack_hold(hold), math.max(now, expires_of(hold)) + memory
end

-- Ends a live hold as released or expired, whatever it was before: it leaves the index of live holds it is in, and its units and
-- the buyer's count go back exactly once. The caller writes what has changed.
local function give_back(id, hold, state, now, keyed_memory_ms, memory_ms)
  leave(hold.state == 'C' and KEYS[4] or KEYS[3], id)
  local packed, forget_at = pack_ended(hold, state, now, keyed_memory_ms, memory_ms)
  local lines = lines_of(hold.lines)
  move_units(lines, 1, 'held', 'available')
  take_from_buyer(hold.buyer, id, lines.units)
  put_hold(id, packed)
  remember(id, forget_at)
  if state == 'R' then
    note('release', 'released', id, hold.lines, '', hold.buyer)
  else
    note('expire', 'expired', id, hold.lines, '', hold.buyer)
  end
end
