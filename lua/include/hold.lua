-- A hold is packed as state placed;ttl[,keyed,grace,epoch,attempts];lines;buyer: states H held, C confirming, S sold, R released,
-- E expired; placed, ttl (to expires) and grace (to deadline) are milliseconds in hexadecimal; the part in brackets is left out
-- while it says nothing (,0,0,0,); lines are ticketTypeId:quantity joined by commas; the opaque buyer is last. The epoch is that
-- of a begin, 0 before. A million of these are in memory: each byte counts.
local HOLD_PATTERN = '^(%u)(%x+);(%x+)([^;]*);([^;]*);(.*)$'
local REST_PATTERN = '^,([01]),(%x+),(%d+),(.*)$'

local function unpack_hold(packed)
  local state, placed, ttl, rest, lines, buyer = string.match(packed, HOLD_PATTERN)
  local keyed, grace, epoch, attempts = '0', '0', '0', ''
  if rest ~= '' then
    keyed, grace, epoch, attempts = string.match(rest, REST_PATTERN)
  end
  placed = tonumber(placed, 16)
  local expires = placed + tonumber(ttl, 16)
  return {
    state = state,
    placed = placed,
    expires = expires,
    deadline = expires + tonumber(grace, 16),
    keyed = keyed,
    epoch = epoch,
    attempts = attempts,
    lines = lines,
    buyer = buyer,
  }
end

local function read_hold(id)
  local packed = redis.call('HGET', KEYS[2], id)
  return packed and unpack_hold(packed) or nil
end

local function pack_hold(hold)
  local grace = hold.deadline - hold.expires
  local rest = ''
  if hold.keyed ~= '0' or grace ~= 0 or hold.epoch ~= '0' or hold.attempts ~= '' then
    rest = string.format(',%s,%x,%s,%s', hold.keyed, grace, hold.epoch, hold.attempts)
  end
  -- The buyer is joined and not formatted: a format ends at a NUL.
  return string.format('%s%x;%x%s;%s;', hold.state, hold.placed, hold.expires - hold.placed, rest, hold.lines)
    .. hold.buyer
end

local function write_hold(id, hold)
  redis.call('HSET', KEYS[2], id, pack_hold(hold))
end

-- Iterates over ticketTypeId and quantity (a string) of packed lines.
local function each_line(lines)
  return string.gmatch(lines, '([^:,]+):(%d+)')
end

local function units_of(lines)
  local units = 0
  for _, quantity in each_line(lines) do
    units = units + quantity
  end
  return units
end
