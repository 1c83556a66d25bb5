import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { isRemote, resolveReference } from '../../src/hub/reference.ts'
import { hubSettings } from '../../src/hub/settings.ts'

const root = mkdtempSync(join(tmpdir(), 'ocelli-settings-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const hub = 'https://huggingface.co'

describe('a reference', () => {
  it.each([
    ['hf:o/r', `${hub}/o/r/resolve/main/model.safetensors`],
    ['hf-hub:o/r@abc123', `${hub}/o/r/resolve/abc123/model.safetensors`],
    ['hf:o/r/sub/x.bin', `${hub}/o/r/resolve/main/sub/x.bin`],
    ['hf:o/r@v1/x.bin', `${hub}/o/r/resolve/v1/x.bin`],
    ['timm/resnet18.a1_in1k', `${hub}/timm/resnet18.a1_in1k/resolve/main/model.safetensors`],
    [`${hub}/timm/resnet18.a1_in1k`, `${hub}/timm/resnet18.a1_in1k/resolve/main/model.safetensors`],
    [`${hub}/o/r/tree/v2`, `${hub}/o/r/resolve/v2/model.safetensors`],
    [`${hub}/o/r/blob/main/x/y.pth?download=true#top`, `${hub}/o/r/resolve/main/x/y.pth`],
    [`${hub}/o/r/resolve/main/y.pth`, `${hub}/o/r/resolve/main/y.pth`],
    ['https://github.com/o/r/blob/main/w/a.pth', 'https://github.com/o/r/raw/main/w/a.pth'],
    [
      'https://github.com/o/r/releases/download/v1/a.pth',
      'https://github.com/o/r/releases/download/v1/a.pth',
    ],
    ['https://dl.dropbox.com/s/abc/a.pth', 'https://dl.dropbox.com/s/abc/a.pth?dl=1'],
    ['https://www.dropbox.com/s/abc/a.pth?dl=0', 'https://www.dropbox.com/s/abc/a.pth?dl=1'],
    ['https://example.org/a.pth', 'https://example.org/a.pth'],
  ])('%s is %s', (reference, url) => {
    expect(isRemote(reference)).toBe(true)
    expect(resolveReference(reference).url).toBe(url)
  })

  it.each([
    [
      'https://drive.google.com/file/d/abc/view',
      /Google Drive, from which no program can download; open it in a browser/,
    ],
    ['https://www.dropbox.com/sh/abc/def?dl=0', /a folder of Dropbox/],
    ['https://pan.baidu.com/s/abc', /Baidu/],
    ['hf:owner', /is no repository of the hub/],
    ['hf:../../etc/passwd', /is no repository|resolve/],
    ['ftp://example.org/a.pth', /ftp: addresses are not known/],
    ['nothing', /neither an address nor a name/],
  ])('%s is refused with advice', (reference, message) => {
    expect(() => {
      const { url } = resolveReference(reference)
      throw new Error(url)
    }).toThrow(message)
  })

  it('of a file is none of a server', () => {
    for (const path of ['a.pth', './timm/a.pth', '/x/y', 'C:\\x\\y.pth', 'file:///x'])
      expect(isRemote(path)).toBe(false)
  })
})

describe('settings', () => {
  it('keep the folder where the system has such', () => {
    const home = (env: Record<string, string>, platform: string): string => hubSettings(env, platform).home
    expect(home({}, 'linux')).toBe(join(homedir(), '.cache', 'ocelli'))
    expect(home({}, 'darwin')).toBe(join(homedir(), 'Library', 'Caches', 'ocelli'))
    expect(home({ LOCALAPPDATA: '/local' }, 'win32')).toBe(join('/local', 'ocelli'))
    expect(home({ XDG_CACHE_HOME: '/cache' }, 'linux')).toBe(join('/cache', 'ocelli'))
    expect(home({ XDG_CACHE_HOME: '/cache', OCELLI_HOME: '/own' }, 'darwin')).toBe('/own')
  })

  it('give the token to the hub alone, and not in clear text', async () => {
    writeFileSync(join(root, 'token'), 'hf_file\n')
    const none = join(root, 'none')
    const header = async (env: Record<string, string>, url: string): Promise<string | undefined> =>
      (await hubSettings({ HF_TOKEN_PATH: none, ...env }).headersFor(url)).authorization
    const own = { HF_TOKEN: 'hf_x' }
    expect(await header(own, `${hub}/a`)).toBe('Bearer hf_x')
    expect(await header({ HUGGING_FACE_HUB_TOKEN: 'hf_y' }, `${hub}/a`)).toBe('Bearer hf_y')
    expect(await header({ HF_TOKEN_PATH: join(root, 'token') }, `${hub}/a`)).toBe('Bearer hf_file')
    expect(await header({}, `${hub}/a`)).toBeUndefined()
    for (const url of [
      'https://cdn-lfs.huggingface.co/a',
      'https://huggingface.co.example.org/a',
      'http://huggingface.co/a',
      'https://github.com/a',
    ]) {
      expect(await header(own, url), url).toBeUndefined()
    }
    const mirror = { ...own, HF_ENDPOINT: 'https://mirror.example/' }
    expect(await header(mirror, 'https://mirror.example/a')).toBe('Bearer hf_x')
    expect(await header(mirror, `${hub}/a`)).toBeUndefined()
    expect(
      await header({ ...own, HF_ENDPOINT: 'http://mirror.example' }, 'http://mirror.example/a'),
    ).toBeUndefined()
  })

  it('name mirrors', () => {
    expect(hubSettings({ HF_ENDPOINT: 'https://m/' }).mirrored(`${hub}/a/b`)).toBe('https://m/a/b')
    expect(hubSettings({ HF_ENDPOINT: 'https://m' }).mirrored('https://x/a')).toBe('https://x/a')
    expect(hubSettings({ OCELLI_MIRROR: 'https://m/x/' }).mirrored('https://h/a?b=c')).toBe(
      'https://m/x/h/a?b=c',
    )
    expect(hubSettings({ OCELLI_MIRROR: 'https://h=https://m' }).mirrored('https://h/a')).toBe('https://m/a')
    expect(() => hubSettings({ HF_ENDPOINT: 'mirror' })).toThrow(/HF_ENDPOINT=mirror: is no address/)
  })
})
