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
  -- Kept as it stands, for whoever packs the hold again: it never changes.
  local promise = placed .. ';' .. ttl
  placed = tonumber(placed, 16)
  local expires = placed + tonumber(ttl, 16)
  return {
    state = state,
    promise = promise,
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

local function pack_hold(hold)
  local grace = hold.deadline - hold.expires
  local rest = ''
  if hold.keyed ~= '0' or grace ~= 0 or hold.epoch ~= '0' or hold.attempts ~= '' then
    rest = ',' .. hold.keyed .. ',' .. (grace == 0 and '0' or string.format('%x', grace)) .. ',' .. hold.epoch .. ',' .. hold.attempts
  end
  -- The buyer is joined and not formatted: a format ends at a NUL.
  local promise = hold.promise or string.format('%x;%x', hold.placed, hold.expires - hold.placed)
  return hold.state .. promise .. rest .. ';' .. hold.lines .. ';' .. hold.buyer
end

local function put_hold(id, packed)
  packed_holds[id] = packed
  written_holds[#written_holds + 1] = id
  written_holds[#written_holds + 1] = packed
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
