import { createConnection, type RowDataPacket } from 'mysql2/promise';
import type { Scene } from './scene.ts';

/** Asks MySQL itself, past the engine. Never while a clock runs. */
export async function query(
  scene: Pick<Scene, 'mysql'>,
  text: string,
  values: (string | number)[],
): Promise<RowDataPacket[]> {
  const connection = await createConnection(scene.mysql.url);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(text, values);
    return rows;
  } finally {
    await connection.end();
  }
}
