#!lua
--[[
  install-sale: put a staged rebuild of a sale in place, all keys at once, unless somebody else was first.

  KEYS[1] sale           hash  live, replaced
  KEYS[2] holds          hash  live, replaced
  KEYS[3] due            zset  live, replaced
  KEYS[4] leases         zset  live, replaced
  KEYS[5] buyers         hash  live, replaced
  KEYS[6] ended          zset  live, replaced
  KEYS[7] stagedSale     hash
  KEYS[8] stagedHolds    hash
  KEYS[9] stagedDue      zset
  KEYS[10] stagedLeases  zset
  KEYS[11] stagedBuyers  hash
  KEYS[12] stagedEnded   zset
  KEYS[13] decisions     stream  the decision log, which goes on
  ARGV[1] run            run_id of the server on this connection
  ARGV[2] oldEpoch       of the suspended sale that was copied; '' when it was missing
  ARGV[3] newEpoch

  Returns, first match wins:
    { 'moved' }       the sale is not as it was copied, or the staging is not whole: start over
    { 'installed' }

  Cost: O(ticket types), the old keys are freed in the background.
  Invariant: the sale is either wholly old or wholly new.
]]
-- @include bulk
-- @include decisions

local live = redis.call('HMGET', KEYS[1], 'epoch', 'run')
local staged = redis.call('HMGET', KEYS[7], 'epoch', 'run')
local epoch = ARGV[3]

-- Decide.
if (live[1] or '') ~= ARGV[2] or (live[1] and live[2] ~= '') then
  return { 'moved' }
end
if staged[1] ~= epoch or staged[2] ~= ARGV[1] then
  return { 'moved' }
end
if redis.call('HGET', KEYS[8], '#') ~= epoch or redis.call('HGET', KEYS[11], '') ~= epoch then
  return { 'moved' }
end
if redis.call('ZSCORE', KEYS[9], '#') ~= '-' .. epoch or redis.call('ZSCORE', KEYS[10], '#') ~= '-' .. epoch then
  return { 'moved' }
end

-- Apply.
for i = 1, 6 do
  redis.call('UNLINK', KEYS[i])
  if redis.call('EXISTS', KEYS[i + 6]) == 1 then
    redis.call('RENAME', KEYS[i + 6], KEYS[i])
    redis.call('PERSIST', KEYS[i])
  end
end
local counts = {}
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  local id = string.match(field, '^capacity:(.*)$')
  if id then
    local type_counts = redis.call('HMGET', KEYS[1], 'available:' .. id, 'held:' .. id, 'sold:' .. id)
    counts[#counts + 1] = id .. ':' .. table.concat(type_counts, ':')
  end
end
-- A log with a hole would show changes that nobody made.
if not logs_decisions() then
  redis.call('UNLINK', KEYS[13])
end
note('install', 'installed', '', '', epoch, '')
write_decisions(KEYS[13], table.concat(counts, ','))
return { 'installed' }
