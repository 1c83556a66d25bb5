import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { HubError } from './errors.ts'
import { huggingFace } from './reference.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** What the environment says of where weights come from and are kept. */
export interface HubSettings {
  /** The shared folder. */
  readonly home: string
  readonly offline: boolean
  /** Where to look for what is published at an address. */
  readonly mirrored: (url: string) => string
  /** The headers with which to ask a server. Nothing is given to a host that it is not meant for. */
  readonly headersFor: (url: string) => Promise<Readonly<Record<string, string>>>
  /** What to say of proxies where no server answers. */
  readonly proxyAdvice: string | null
}

/**
 * Reads OCELLI_HOME, OCELLI_OFFLINE, OCELLI_MIRROR, HF_ENDPOINT, HF_TOKEN and their kin. Throws a HubError for a value that
 * makes no sense.
 */
export function hubSettings(
  env: Environment = process.env,
  platform: string = process.platform,
): HubSettings {
  const endpoint = (present(env.HF_ENDPOINT) ?? huggingFace).replace(/\/+$/, '')
  if (!URL.canParse(endpoint)) {
    throw new HubError(`HF_ENDPOINT=${endpoint}`, 'is no address', {
      advice: 'it takes one such as https://hf-mirror.com',
    })
  }
  const replacements = mirrorReplacements(env.OCELLI_MIRROR)
  return {
    home: cacheFolder(env, platform),
    offline: /^(1|true|yes|on)$/i.test(env.OCELLI_OFFLINE ?? ''),
    mirrored: (url) => {
      for (const [from, to] of replacements) {
        if (from === '') return `${to}/${url.replace(/^https?:\/\//, '')}`
        if (url.startsWith(from)) return to + url.slice(from.length)
      }
      return url.startsWith(`${huggingFace}/`) ? endpoint + url.slice(huggingFace.length) : url
    },
    headersFor: async (url) => {
      const { origin, protocol, hostname } = new URL(url)
      if (origin !== new URL(endpoint).origin) return {}
      // A token in clear text is for this machine alone.
      if (protocol !== 'https:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) return {}
      const token = await huggingFaceToken(env)
      return token === undefined ? {} : { authorization: `Bearer ${token}` }
    },
    proxyAdvice: proxyAdvice(env),
  }
}

function present(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value.trim()
}

/** OCELLI_HOME, else where the system keeps such things. */
function cacheFolder(env: Environment, platform: string): string {
  const given = present(env.OCELLI_HOME)
  if (given !== undefined) return given
  const shared = present(env.XDG_CACHE_HOME)
  if (shared !== undefined) return join(shared, 'ocelli')
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'ocelli')
  if (platform === 'win32')
    return join(present(env.LOCALAPPDATA) ?? join(homedir(), 'AppData', 'Local'), 'ocelli')
  return join(homedir(), '.cache', 'ocelli')
}

/**
 * One address, under which all others are found by host and path, or `FROM=TO` pairs with commas between, which replace the
 * beginnings of addresses.
 */
function mirrorReplacements(text: string | undefined): [from: string, to: string][] {
  const given = present(text)
  if (given === undefined) return []
  return given.split(',').map((pair): [string, string] => {
    const match = /^\s*(?:(https?:\/\/[^=]+)=)?(https?:\/\/.+?)\/*\s*$/.exec(pair)
    if (match === null) {
      throw new HubError(`OCELLI_MIRROR=${given}`, `'${pair}' is no mirror`, {
        advice:
          'it takes https://mirror.example, or https://published.example/=https://mirror.example/ pairs',
      })
    }
    const from = match[1] ?? ''
    return [from, from.endsWith('/') ? `${match[2]}/` : match[2]!]
  })
}

/** As the hub's own tools find it: a variable, or the file that `hf auth login` writes. */
async function huggingFaceToken(env: Environment): Promise<string | undefined> {
  const direct = present(env.HF_TOKEN) ?? present(env.HUGGING_FACE_HUB_TOKEN)
  if (direct !== undefined) return direct
  const home =
    present(env.HF_HOME) ?? join(present(env.XDG_CACHE_HOME) ?? join(homedir(), '.cache'), 'huggingface')
  const path = present(env.HF_TOKEN_PATH) ?? join(home, 'token')
  // No file, no token: most have none.
  const text = await readFile(path, 'utf8').catch(() => '')
  return present(text)
}

function proxyAdvice(env: Environment): string | null {
  const name = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].find(
    (variable) => present(env[variable]) !== undefined,
  )
  if (name === undefined || env.NODE_USE_ENV_PROXY === '1') return null
  return `${name} is set, but Node's fetch follows it only from Node 24 on, with NODE_USE_ENV_PROXY=1`
}
