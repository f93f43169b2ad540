// Types of archive.js, which says what each promises.
export type ArchiveFault = 'format' | 'key' | 'altered' | 'truncated';

export declare class ArchiveError extends Error {
  readonly code: ArchiveFault;
  constructor(code: ArchiveFault, message: string);
}

export declare function parseKey(text: string): Uint8Array;

export declare function parseHeader(bytes: Uint8Array): { deployment: string; export: string; chunkSize: number; fileId: Uint8Array };

export declare function openArchive(
  source: Blob | Uint8Array | ArrayBuffer | ReadableStream<Uint8Array>,
  key: Uint8Array | string,
  progress?: (bytes: number) => void,
): Promise<Blob>;
