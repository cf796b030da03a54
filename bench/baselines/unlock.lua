-- Unlocks only what is still locked by us: the lock may have lapsed, and be another's by now.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
