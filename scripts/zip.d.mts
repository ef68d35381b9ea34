/** @see zip.mjs */
export function readZipMember(archive: Buffer, name: string): Buffer
