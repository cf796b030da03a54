-- A hold is packed as state placed;ttl[,keyed,grace,epoch,attempts];lines;buyer: states H held, C confirming, S sold, R released,
-- E expired; placed, ttl (to expires) and grace (to deadline) are milliseconds in hexadecimal; the part in brackets is left out
-- while it says nothing (,0,0,0,); lines are ticketTypeId:quantity joined by commas; the opaque buyer is last. The epoch is that
-- of a begin, 0 before. A million of these are in memory: each byte counts.
local HOLD_PATTERN = '^(%u)(%x+;%x+)([^;]*);([^;]*);(.*)$'
local REST_PATTERN = '^,([01]),(%x+),(%d+),(.*)$'

-- The promise, placed;ttl, stays as it stands: it never changes, and few callers need its times.
local function unpack_hold(packed)
  local state, promise, rest, lines, buyer = string.match(packed, HOLD_PATTERN)
  local keyed, grace, epoch, attempts = '0', '0', '0', ''
  if rest ~= '' then
    keyed, grace, epoch, attempts = string.match(rest, REST_PATTERN)
  end
  return {
    state = state,
    promise = promise,
    keyed = keyed,
    grace = grace,
    epoch = epoch,
    attempts = attempts,
    lines = lines,
    buyer = buyer,
  }
end

local function new_hold(state, promise, keyed, lines, buyer)
  return { state = state, promise = promise, keyed = keyed, grace = '0', epoch = '0', attempts = '', lines = lines, buyer = buyer }
end

-- Sold, released or expired: no attempt is under way any more.
local function end_hold(hold, state)
  hold.state = state
  hold.attempts = ''
  hold.epoch = '0'
end

-- What the buyer was promised, in milliseconds.
local function expires_of(hold)
  local placed, ttl = string.match(hold.promise, '^(%x+);(%x+)$')
  return tonumber(placed, 16) + tonumber(ttl, 16)
end

-- When it lapses: later than promised, if a payment failed shortly before.
local function deadline_of(hold)
  return expires_of(hold) + tonumber(hold.grace, 16)
end

local function put_off(hold, deadline)
  hold.grace = string.format('%x', deadline - expires_of(hold))
end

-- Records are read once, and written once at the end by write_holds().
local packed_holds = {}
local written_holds = {}

local function load_holds(ids)
  load_fields(KEYS[2], ids, packed_holds)
end

local function read_packed_hold(id)
  if packed_holds[id] == nil then
    load_holds({ id })
  end
  return packed_holds[id]
end

local function read_hold(id)
  local packed = read_packed_hold(id)
  return packed and unpack_hold(packed) or nil
end

local function pack_promise(placed, expires)
  return string.format('%x;%x', placed, expires - placed)
end

local function pack_hold(hold)
  local rest = ''
  if hold.attempts ~= '' or hold.epoch ~= '0' or hold.grace ~= '0' or hold.keyed ~= '0' then
    rest = ',' .. hold.keyed .. ',' .. hold.grace .. ',' .. hold.epoch .. ',' .. hold.attempts
  end
  -- The buyer is joined and not formatted: a format ends at a NUL.
  return hold.state .. hold.promise .. rest .. ';' .. hold.lines .. ';' .. hold.buyer
end

local function put_hold(id, packed)
  packed_holds[id] = packed
  local last = #written_holds
  written_holds[last + 1] = id
  written_holds[last + 2] = packed
end

local function write_hold(id, hold)
  put_hold(id, pack_hold(hold))
end

local function write_holds()
  tell('HSET', KEYS[2], written_holds)
end

-- Packed lines as a list of ticket_type and quantity with their number of units. Most holds of a call have the same lines, so
-- each text is read once.
local known_lines = {}

local function lines_of(packed)
  local lines = known_lines[packed]
  if not lines then
    lines = { units = 0 }
    for ticket_type, quantity in string.gmatch(packed, '([^:,]+):(%d+)') do
      lines[#lines + 1] = { ticket_type = ticket_type, quantity = tonumber(quantity) }
      lines.units = lines.units + quantity
    end
    known_lines[packed] = lines
  end
  return lines
end
