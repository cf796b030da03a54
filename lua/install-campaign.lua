#!lua
--[[
  install-campaign: let a campaign issue again, now that every coupon that is known anywhere has been added to it.

  KEYS[1] campaign  hash    epoch, run, quantity, window; claim and claimRun while it is being rebuilt
  KEYS[2] coupons   hash    buyerId -> issuedAtMs,couponId; '' -> epoch, or claim:<epoch to come>
  KEYS[3] stream    stream  issued coupons that are not in MySQL yet
  ARGV[1] run         run_id of the server on this connection
  ARGV[2] epoch       the epoch that was claimed
  ARGV[3] quantity
  ARGV[4] opensAtMs
  ARGV[5] closesAtMs  0 = never

  Returns, first match wins:
    { 'moved' }       the claim is gone, by a newer one or with the data: start over
    { 'installed' }

  Cost: O(1).
  Invariant: a claim lives in the same store and run as the coupons that were added under it, so losing one loses the other.
]]
local current = redis.call('HMGET', KEYS[1], 'claim', 'claimRun')

-- Decide.
if current[1] ~= ARGV[2] or current[2] ~= ARGV[1] then
  return { 'moved' }
end
if redis.call('HGET', KEYS[2], '') ~= 'claim:' .. ARGV[2] or redis.call('EXISTS', KEYS[3]) == 0 then
  return { 'moved' }
end

-- Apply.
redis.call('HDEL', KEYS[1], 'claim', 'claimRun')
redis.call(
  'HSET', KEYS[1], 'epoch', ARGV[2], 'run', ARGV[1], 'quantity', ARGV[3], 'opensAtMs', ARGV[4], 'closesAtMs', ARGV[5]
)
redis.call('HSET', KEYS[2], '', ARGV[2])
return { 'installed' }
