/** What the backend needs of Node or of a browser. */
export interface Host {
  /** Processors to be used when nothing is set. */
  readonly processors: number
  readModule(instructionSet: InstructionSet): Promise<Uint8Array<ArrayBuffer>>
  startWorker(): Thread
}

/** `wasm` is SIMD128; `wasm-relaxed` has fused multiplication and addition besides. */
export type InstructionSet = 'wasm' | 'wasm-relaxed'

/** A Worker that runs worker.js. */
export interface Thread {
  postMessage(message: unknown): void
  onMessage(listener: (data: unknown) => void): void
  /** Called when the Worker cannot start or ends. */
  onError(listener: (message: string) => void): void
  /** Whether the Worker keeps the process from ending. */
  keepAlive(keep: boolean): void
  terminate(): void
}
