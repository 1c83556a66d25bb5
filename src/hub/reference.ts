import { HubError } from './errors.ts'

/** What is known of a published file besides its address; all of it is checked. */
export interface FileIdentity {
  readonly bytes?: number
  /** In hexadecimal. */
  readonly sha256?: string
  /** Its first digits. */
  readonly sha256Prefix?: string
  /** The first digits of the SHA-1 of the one file inside a .zip. */
  readonly sha1Prefix?: string
}

/** A file on a web server. */
export interface RemoteFile extends FileIdentity {
  /** As published: mirrors are looked up later, and the cache goes by this. */
  readonly url: string
  /** Other addresses of the same weights, tried in turn where the first is not there. */
  readonly alternatives?: readonly string[]
}

export const huggingFace = 'https://huggingface.co'

/** The files in which a repository of the hub keeps a network's weights, best first. */
const usualFiles = ['model.safetensors', 'model.safetensors.index.json', 'pytorch_model.bin'] as const

/** Whether a text names weights on a server, rather than a file on this machine. */
export function isRemote(reference: string): boolean {
  return /^(https?:\/\/|hf:|hf-hub:|timm\/)/i.test(reference)
}

/**
 * The addresses that a reference stands for: `hf:owner/repository[@revision][/file]` and `timm/name` on the Hugging Face hub, an
 * address of a repository or of a file's page there or on GitHub, or any other address as it is. Throws a HubError for
 * pages that no program can download from, which says what to download by hand.
 */
export function resolveReference(reference: string, identity: FileIdentity = {}): RemoteFile {
  const short = /^(?:hf|hf-hub):(?:\/\/)?(.+)$/i.exec(reference)
  if (short !== null) return hubRepository(short[1]!, reference, identity)
  if (/^timm\//i.test(reference)) return hubRepository(reference, reference, identity)
  let url: URL
  try {
    url = new URL(reference)
  } catch {
    throw new HubError(reference, 'neither an address nor a name on the Hugging Face hub', {
      advice: 'give https://…, hf:owner/repository or a file',
    })
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new HubError(reference, `${url.protocol} addresses are not known`, {
      advice: 'give https://…, or download it and give the file',
    })
  }
  url.hash = ''
  const known = rewrites[url.hostname.replace(/^www\./, '')]?.(url, reference, identity)
  if (known !== undefined) return known
  return { ...identity, url: url.href }
}

/** `owner/repository[@revision][/file]` */
function hubRepository(text: string, reference: string, identity: FileIdentity): RemoteFile {
  const match = /^([\w.-]+\/[\w.-]+)(?:@([\w.-]+))?(?:\/(.+))?$/.exec(text)
  if (match === null) {
    throw new HubError(reference, 'is no repository of the hub', {
      advice: 'write hf:owner/repository, hf:owner/repository@revision or hf:owner/repository/file',
    })
  }
  const [, repository, revision = 'main', file] = match as unknown as [string, string, string?, string?]
  return hubFiles(repository, revision, file, identity)
}

function hubFiles(
  repository: string,
  revision: string,
  file: string | undefined,
  identity: FileIdentity,
): RemoteFile {
  const [first, ...rest] = (file === undefined ? usualFiles : [file]).map(
    (name) => `${huggingFace}/${repository}/resolve/${revision}/${name}`,
  ) as [string, ...string[]]
  return { ...identity, url: first, ...(rest.length > 0 && { alternatives: rest }) }
}

type Rewrite = (url: URL, reference: string, identity: FileIdentity) => RemoteFile | undefined

const pageOnly =
  (what: string): Rewrite =>
  (_, reference) => {
    throw new HubError(reference, `${what}, from which no program can download`, {
      advice: 'open it in a browser, download the weights and give the file',
    })
  }

/** Addresses that are pages about a file, or need another form. */
const rewrites: Readonly<Record<string, Rewrite>> = {
  'huggingface.co': (url, _, identity) => {
    const [owner, repository, kind, revision, ...file] = url.pathname.split('/').filter((part) => part !== '')
    if (repository === undefined) return undefined
    const whole = `${owner}/${repository}`
    if (kind === undefined) return hubFiles(whole, 'main', undefined, identity)
    if (kind === 'tree') return hubFiles(whole, revision ?? 'main', undefined, identity)
    if (kind === 'blob') return hubFiles(whole, revision ?? 'main', file.join('/'), identity)
    return undefined
  },
  'github.com': (url, _, identity) => {
    const parts = url.pathname.split('/')
    if (parts[3] !== 'blob') return undefined
    parts[3] = 'raw'
    return { ...identity, url: `${url.origin}${parts.join('/')}` }
  },
  'drive.google.com': pageOnly('a page of Google Drive'),
  'pan.baidu.com': pageOnly('a page of Baidu, which asks for an account'),
  'forms.gle': pageOnly('a form that has to be filled in'),
  'ibm.box.com': pageOnly('a page of Box'),
  '1drv.ms': pageOnly('a folder of OneDrive'),
  'tfhub.dev': pageOnly('a page of TensorFlow Hub'),
  'storage.cloud.google.com': pageOnly('an address of Google Cloud that asks for an account'),
  'dropbox.com': (url, reference, identity) => {
    if (!/^\/(s|scl\/fi)\//.test(url.pathname))
      return pageOnly('a folder of Dropbox')(url, reference, identity)
    url.searchParams.set('dl', '1')
    return { ...identity, url: url.href }
  },
  'dl.dropbox.com': (url, _, identity) => {
    url.searchParams.set('dl', '1')
    return { ...identity, url: url.href }
  },
}
