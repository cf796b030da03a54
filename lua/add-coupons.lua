#!lua
--[[
  add-coupons: add coupons that are known elsewhere to a campaign that is being rebuilt, while its rebuild has the claim.

  KEYS[1] campaign    hash    epoch, run, quantity, window; claim and claimRun while it is being rebuilt
  KEYS[2] coupons     hash    buyerId -> issuedAtMs,couponId; '' -> epoch, or claim:<epoch to come>
  KEYS[3] rebuilding  string  there while somebody rebuilds; kept for longer
  ARGV[1] run    run_id of the server on this connection
  ARGV[2] epoch  the epoch that was claimed
  ARGV[3] forMs  how long other rebuilders keep waiting from now on
  ARGV[4] items  then per item two: buyerId, packed

  Returns, first match wins:
    { 'moved' }   the claim is gone, by a newer one or with the data: start over; nothing changed
    { 'added' }

  Safe to repeat.
  Cost: O(items).
  Invariant: coupons are never taken away, and none is added that was read from a Redis that has lost its data since.
]]
local current = redis.call('HMGET', KEYS[1], 'claim', 'claimRun')

-- Decide.
if current[1] ~= ARGV[2] or current[2] ~= ARGV[1] then
  return { 'moved' }
end

-- Apply.
for i = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
end
redis.call('PEXPIRE', KEYS[3], ARGV[3])
return { 'added' }
