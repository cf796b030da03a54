#!lua flags=allow-oom
--[[
  drop-coupon-consumers: forget consumers of a stream that have been silent for long and hold nothing.

  KEYS[1] stream  stream  issued coupons that are not in MySQL yet
  ARGV[1] group   of the consumers that write to MySQL
  ARGV[2] idleMs  silence after which a consumer is taken for gone

  Returns, first match wins:
    { 'no_group' }
    { 'dropped', consumers }

  Safe to repeat; a consumer that was only slow is made again by its next read.
  Cost: O(consumers).
  Invariant: no entry changes hands: dropping a consumer would drop the list of what was delivered to it, so one that
  holds anything stays, and looking and dropping are one step.
]]
local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])

-- Decide.
if consumers.err then
  return { 'no_group' }
end
local gone = {}
for _, consumer in ipairs(consumers) do
  local fields = {}
  for i = 1, #consumer, 2 do
    fields[consumer[i]] = consumer[i + 1]
  end
  if fields.pending == 0 and fields.idle >= tonumber(ARGV[2]) then
    gone[#gone + 1] = fields.name
  end
end

-- Apply.
for _, name in ipairs(gone) do
  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], name)
end
return { 'dropped', #gone }
