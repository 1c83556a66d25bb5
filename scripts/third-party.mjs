// What the build does with other people's libraries: makes them small, and lets their licences travel with them.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { minifySync } from 'rolldown/utils'

/** The folder of the package that a module belongs to, if it is none of ours. */
function packageFolder(module) {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(module)?.[0]
}

/** The chunk for a module of someone else's package: one a package, so that none of ours becomes unreadable with it. */
export function thirdPartyChunk(module) {
  const folder = packageFolder(module)
  const name = folder && /[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)$/.exec(folder)[1]
  return name ? `third-party/${name.replace('@', '').replace(/[\\/]/, '-')}` : null
}

/** Where Node finds a dependency of the package in the folder. */
function dependencyFolder(folder, name) {
  for (let at = folder; at !== dirname(at); at = dirname(at)) {
    const found = join(at, 'node_modules', name)
    if (existsSync(found)) return found
  }
  throw new Error(`${name}, a dependency of ${folder}, is not installed`)
}

/** With what they depend on: a package may have bundled that itself. */
function withDependencies(folders) {
  const all = new Set(folders)
  for (const folder of all) {
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    for (const name of Object.keys(dependencies)) all.add(dependencyFolder(folder, name))
  }
  return [...all]
}

/** Files with a licence's name in a package, and those of a folder of licences. */
function licenceFiles(folder) {
  const named = (name) => /^(licen[cs]es?|notice|copying|copyright\w*)\b/i.test(name)
  return readdirSync(folder)
    .filter(named)
    .flatMap((name) => {
      const path = join(folder, name)
      return statSync(path).isDirectory() ? readdirSync(path).map((each) => join(path, each)) : [path]
    })
    .toSorted()
}

function licencesOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const files = licenceFiles(folder)
  if (files.length === 0) {
    throw new Error(`${name} is bundled, but its package has no licence file: it cannot be passed on`)
  }
  const texts = files.map((file) => readFileSync(file, 'utf8').trim())
  return { title: `${name} ${version} (${license})`, text: texts.join('\n\n') }
}

/** The licences of all packages with a module in the chunks, as one text; empty without such packages. */
export function thirdPartyLicences(chunks) {
  const modules = chunks.flatMap(({ moduleIds = [] }) => moduleIds)
  const folders = new Set(modules.map(packageFolder).filter((folder) => folder && existsSync(folder)))
  const all = new Map(
    withDependencies(folders)
      .map(licencesOf)
      .map(({ title, text }) => [title, text]),
  )
  if (all.size === 0) return ''
  const line = '-'.repeat(80)
  const sections = [...all].toSorted().map(([title, text]) => `${line}\n${title}\n${line}\n\n${text}\n`)
  return `Parts of this package are other people's work, under these licences.\n\n${sections.join('\n')}`
}

/** Makes chunks of other people's modules small: nobody reads them here, and theirs are many. */
export const minifyThirdParty = {
  name: 'minify-third-party',
  renderChunk(code, chunk) {
    if (!chunk.name.startsWith('third-party/')) return null
    const { code: small, map, errors } = minifySync(chunk.fileName, code, { sourcemap: true })
    if (errors.length > 0) throw new Error(`${chunk.fileName}: ${errors[0].message}`)
    return { code: small, map }
  },
}
