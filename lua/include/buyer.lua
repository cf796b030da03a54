-- What a buyer holds and has bought in this sale, packed as held,bought,holdId,holdId… with the ids of the live holds.
local function unpack_buyer(packed)
  if not packed then
    return { held = 0, bought = 0, ids = '' }
  end
  local held, bought, ids = string.match(packed, '^(%-?%d+),(%-?%d+)(.*)$')
  return { held = tonumber(held), bought = tonumber(bought), ids = ids }
end

local function read_buyer(buyer)
  return unpack_buyer(redis.call('HGET', KEYS[5], buyer))
end

local function pack_buyer(record)
  return string.format('%d,%d%s', record.held, record.bought, record.ids)
end

-- A buyer with nothing leaves no memory behind.
local function write_buyer(buyer, record)
  if record.held == 0 and record.bought == 0 then
    redis.call('HDEL', KEYS[5], buyer)
  else
    redis.call('HSET', KEYS[5], buyer, pack_buyer(record))
  end
end

local function forget_live_hold(record, id)
  local from, to = string.find(record.ids, ',' .. id, 1, true)
  if from then
    record.ids = string.sub(record.ids, 1, from - 1) .. string.sub(record.ids, to + 1)
  end
end
