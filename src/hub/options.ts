/** How far a download is. */
export interface DownloadProgress {
  /** The file's name. */
  readonly name: string
  /** Bytes on this machine, those of an earlier try included. */
  readonly received: number
  /** Bytes of the whole file; null where the server does not say. */
  readonly total: number | null
  /** Bytes a second, on the average of this try. */
  readonly rate: number
}

/** What may be said about where weights come from and how; everything has a default. */
export interface HubOptions {
  readonly onProgress?: (progress: DownloadProgress) => void
  /** What is worth a line meanwhile: another process is downloading the file, or a try failed and the next follows. */
  readonly onMessage?: (message: string) => void
  readonly signal?: AbortSignal
  /** Uses what is on this machine only. In Node, OCELLI_OFFLINE=1 unless given. */
  readonly offline?: boolean
  /** The folder of downloaded weights, in Node; OCELLI_HOME or the system's cache folder unless given. */
  readonly home?: string
  readonly fetch?: typeof fetch
  /** Tries after the first one that bring nothing new, before a download is given up; 5 unless given. */
  readonly retries?: number
  /** Milliseconds before the second try, doubled for each that follows; 500 unless given. */
  readonly retryDelay?: number
  /** Milliseconds without a byte after which a connection is given up; 30 000 unless given. */
  readonly stallAfter?: number
}
