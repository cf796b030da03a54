// What tests on the wire must know of MySQL's protocol: a packet is a header of four bytes, its length in three of them, and its text.
const commit = 'COMMIT';

/** Whether a COMMIT, alone or behind other statements, ends here. */
export function isCommit(chunk: Buffer): boolean {
  return chunk.subarray(-commit.length).toString('latin1') === commit;
}

/** The same whole packet with a statement in place of its COMMIT that MySQL answers by this error. */
export function withoutCommit(chunk: Buffer, errno: number): Buffer {
  if (chunk.readUIntLE(0, 3) !== chunk.length - 4) throw new Error('a packet in pieces');
  const refusal = Buffer.from(`SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = ${errno}`);
  const packet = Buffer.concat([chunk.subarray(0, -commit.length), refusal]);
  packet.writeUIntLE(packet.length - 4, 0, 3);
  return packet;
}

/** Whether the last packet of these answers is the last of all: an OK that does not announce more, or an error. */
export function isLastAnswer(answers: Buffer): boolean {
  let packet = answers;
  for (let rest = answers; rest.length > 0; rest = rest.subarray(packet.length + 4)) {
    const length = rest.length < 4 ? Number.POSITIVE_INFINITY : rest.readUIntLE(0, 3);
    packet = rest.subarray(4, 4 + length);
    if (packet.length < length) return false;
  }
  if (packet[0] !== 0) return true;
  // An OK: a zero, two numbers of variable length, then the status, whose bit of 8 stands for more.
  const status = afterNumber(packet, afterNumber(packet, 1));
  return ((packet[status] ?? 0) & 8) === 0;
}

function afterNumber(packet: Buffer, at: number): number {
  const bytes: Record<number, number> = { 252: 3, 253: 4, 254: 9 };
  return at + (bytes[packet[at] ?? 0] ?? 1);
}
