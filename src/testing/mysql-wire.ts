// What tests on the wire must know of MySQL's protocol: a packet is a header of four bytes, its length in three of them, and its text.
const commit = 'COMMIT';

/** Whether a COMMIT, alone or behind other statements, ends here. */
export function isCommit(chunk: Buffer): boolean {
  return chunk.subarray(-commit.length).toString('latin1') === commit;
}

/** The same packet with a statement in place of its COMMIT that MySQL refuses as a cluster may refuse a COMMIT, by a deadlock. */
export function withoutCommit(chunk: Buffer): Buffer {
  const refusal = Buffer.from("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213");
  const packet = Buffer.concat([chunk.subarray(0, -commit.length), refusal]);
  packet.writeUIntLE(packet.length - 4, 0, 3);
  return packet;
}

/** Whether the last packet of these answers is the last of all: an OK that does not announce more, or an error. */
export function isLastAnswer(answers: Buffer): boolean {
  let packet = answers;
  for (let rest = answers; rest.length > 4; rest = rest.subarray(4 + rest.readUIntLE(0, 3))) packet = rest.subarray(4);
  if (packet[0] !== 0) return true;
  // An OK: a zero, two numbers of variable length, then the status, whose bit of 8 stands for more.
  const status = afterNumber(packet, afterNumber(packet, 1));
  return ((packet[status] ?? 0) & 8) === 0;
}

function afterNumber(packet: Buffer, at: number): number {
  const bytes: Record<number, number> = { 252: 3, 253: 4, 254: 9 };
  return at + (bytes[packet[at] ?? 0] ?? 1);
}
