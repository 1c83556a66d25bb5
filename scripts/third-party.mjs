// What the build does with other people's libraries: makes them small, and lets their licences travel with them.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { minifySync } from 'rolldown/utils'

/** The folder of the package that a module belongs to, if it is none of ours. */
function packageFolder(module) {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(module)?.[0]
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
  const all = new Map([...folders].map(licencesOf).map(({ title, text }) => [title, text]))
  if (all.size === 0) return ''
  const line = '-'.repeat(80)
  const sections = [...all].toSorted().map(([title, text]) => `${line}\n${title}\n${line}\n\n${text}\n`)
  return `Parts of this package are other people's work, under these licences.\n\n${sections.join('\n')}`
}

/** Makes chunks with other people's modules small: nobody reads them here, and theirs are many. */
export const minifyThirdParty = {
  name: 'minify-third-party',
  renderChunk(code, chunk) {
    if (!chunk.moduleIds.some(packageFolder)) return null
    const { code: small, map, errors } = minifySync(chunk.fileName, code, { sourcemap: true })
    if (errors.length > 0) throw new Error(`${chunk.fileName}: ${errors[0].message}`)
    return { code: small, map }
  },
}
