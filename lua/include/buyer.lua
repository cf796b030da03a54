-- What a buyer holds and has bought in this sale, packed as held,bought,holdId,holdId… with the ids of the live holds. Records
-- are read once, changed in memory by whoever needs them, and written once at the end by write_buyers(). Of a buyer who is read,
-- packed_buyers has the record as it is, false for nobody's; once it was taken apart, buyers has it instead.
local packed_buyers = {}
local buyers = {}
local changed_buyers = {}

local function load_buyers(ids)
  load_fields(KEYS[5], ids, packed_buyers)
end

local function packed_buyer(buyer)
  if packed_buyers[buyer] == nil then
    load_buyers({ buyer })
  end
  return packed_buyers[buyer]
end

-- Who has nothing; nobody changes this one.
local NOTHING = { held = 0, bought = 0, ids = '' }

-- To be looked at only.
local function read_buyer(buyer)
  local record = buyers[buyer]
  if record then
    return record
  end
  local packed = packed_buyer(buyer)
  if not packed then
    return NOTHING
  end
  local held, bought, ids = string.match(packed, '^(%-?%d+),(%-?%d+)(.*)$')
  record = { held = tonumber(held), bought = tonumber(bought), ids = ids }
  buyers[buyer] = record
  return record
end

-- To be changed.
local function change_buyer(buyer)
  changed_buyers[buyer] = true
  local record = read_buyer(buyer)
  if record == NOTHING then
    record = { held = 0, bought = 0, ids = '' }
    buyers[buyer] = record
  end
  return record
end

-- Most records of a call begin with the same numbers: each pair is written out once.
local known_counts = {}

local function pack_counts(held, bought)
  local texts = list_at(known_counts, held)
  local text = texts[bought]
  if not text then
    text = string.format('%d,%d', held, bought)
    texts[bought] = text
  end
  return text
end

local function forget_live_hold(record, id)
  local from, to = string.find(record.ids, ',' .. id, 1, true)
  if from then
    record.ids = string.sub(record.ids, 1, from - 1) .. string.sub(record.ids, to + 1)
  end
end

-- Most buyers have nothing, or this one hold and nothing else: their record is known without being taken apart.
local function change_packed(buyer, from, to)
  if packed_buyer(buyer) ~= from or buyers[buyer] then
    return false
  end
  changed_buyers[buyer] = true
  packed_buyers[buyer] = to
  return true
end

local function pack_only_hold(id, units)
  return pack_counts(units, 0) .. ',' .. id
end

-- A live hold begins.
local function give_to_buyer(buyer, id, units)
  if change_packed(buyer, false, pack_only_hold(id, units)) then
    return
  end
  local record = change_buyer(buyer)
  record.held = record.held + units
  record.ids = record.ids .. ',' .. id
end

-- A live hold ends, and its units go back.
local function take_from_buyer(buyer, id, units)
  if change_packed(buyer, pack_only_hold(id, units), false) then
    return
  end
  local record = change_buyer(buyer)
  record.held = record.held - units
  forget_live_hold(record, id)
end

-- A hold becomes an order, whether its units were still held or not.
local function sell_to_buyer(buyer, id, units, is_live)
  if is_live and change_packed(buyer, pack_only_hold(id, units), pack_counts(0, units)) then
    return
  end
  local record = change_buyer(buyer)
  record.bought = record.bought + units
  record.held = is_live and record.held - units or record.held
  forget_live_hold(record, id)
end

-- A buyer with nothing leaves no memory behind.
local function write_buyers()
  local gone, kept = {}, {}
  local g, k = 0, 0
  for buyer in pairs(changed_buyers) do
    local record, packed = buyers[buyer], packed_buyers[buyer]
    if record then
      packed = (record.held ~= 0 or record.bought ~= 0) and pack_counts(record.held, record.bought) .. record.ids
    end
    if packed then
      kept[k + 1] = buyer
      kept[k + 2] = packed
      k = k + 2
    else
      g = g + 1
      gone[g] = buyer
    end
  end
  tell('HDEL', KEYS[5], gone)
  tell('HSET', KEYS[5], kept)
end
