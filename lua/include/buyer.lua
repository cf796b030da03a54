-- What a buyer holds and has bought in this sale, packed as held,bought,holdId,holdId… with the ids of the live holds. Records
-- are read once, changed in memory by whoever needs them, and written once at the end by write_buyers().
local packed_buyers = {}
local buyers = {}
local changed_buyers = {}
local emptied_buyers = {}
local sold_buyers = {}

local function load_buyers(ids)
  load_fields(KEYS[5], ids, packed_buyers)
end

-- Of a buyer that was read together with others.
local function know_buyer(buyer, packed)
  if packed_buyers[buyer] == nil then
    packed_buyers[buyer] = packed
  end
end

local function read_buyer(buyer)
  local known = buyers[buyer]
  if known then
    return known
  end
  if packed_buyers[buyer] == nil then
    load_buyers({ buyer })
  end
  local record = { held = 0, bought = 0, ids = '' }
  if packed_buyers[buyer] then
    local held, bought, ids = string.match(packed_buyers[buyer], '^(%-?%d+),(%-?%d+)(.*)$')
    record = { held = tonumber(held), bought = tonumber(bought), ids = ids }
  end
  buyers[buyer] = record
  return record
end

local function write_buyer(buyer, record)
  if not record.changed then
    record.changed = true
    changed_buyers[#changed_buyers + 1] = buyer
  end
end

local function forget_live_hold(record, id)
  local from, to = string.find(record.ids, ',' .. id, 1, true)
  if from then
    record.ids = string.sub(record.ids, 1, from - 1) .. string.sub(record.ids, to + 1)
  end
end

-- Most buyers have this one hold and nothing else: their record is known without being taken apart.
local function has_nothing_else(buyer, id, units)
  return not buyers[buyer] and packed_buyers[buyer] == units .. ',0,' .. id
end

-- A live hold ends, and its units go back.
local function take_from_buyer(buyer, id, units)
  if has_nothing_else(buyer, id, units) then
    packed_buyers[buyer] = false
    emptied_buyers[#emptied_buyers + 1] = buyer
    return
  end
  local record = read_buyer(buyer)
  record.held = record.held - units
  forget_live_hold(record, id)
  write_buyer(buyer, record)
end

-- A hold becomes an order, whether its units were still held or not.
local function sell_to_buyer(buyer, id, units, is_live)
  if is_live and has_nothing_else(buyer, id, units) then
    packed_buyers[buyer] = '0,' .. units
    sold_buyers[#sold_buyers + 1] = buyer
    sold_buyers[#sold_buyers + 1] = packed_buyers[buyer]
    return
  end
  local record = read_buyer(buyer)
  record.bought = record.bought + units
  record.held = is_live and record.held - units or record.held
  forget_live_hold(record, id)
  write_buyer(buyer, record)
end

-- A buyer with nothing leaves no memory behind.
local function write_buyers()
  local gone, kept = emptied_buyers, sold_buyers
  for _, buyer in ipairs(changed_buyers) do
    local record = buyers[buyer]
    if record.held == 0 and record.bought == 0 then
      gone[#gone + 1] = buyer
    else
      kept[#kept + 1] = buyer
      kept[#kept + 1] = string.format('%d,%d', record.held, record.bought) .. record.ids
    end
  end
  tell('HDEL', KEYS[5], gone)
  tell('HSET', KEYS[5], kept)
end
