// A plugin of TypeDoc: the README.md of a folder has the folder's other documents below it, addresses are made of file names, and
// what a reader sees are the documents' headings, and of modules the names that they are imported by.
import { readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { Converter, Renderer } from 'typedoc'

/** @param {import('typedoc').Application} app */
export function load(app) {
  const headings = new Map()
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const documents = [...(project.documents ?? [])]
    const pathOf = (document) => project.files.getReflectionPath(document) ?? ''
    const indices = new Map()
    for (const document of documents) {
      const path = pathOf(document)
      const isIndex = basename(path) === 'README.md'
      if (isIndex) indices.set(dirname(path), document)
      headings.set(document, headingOf(document))
      document.name = isIndex ? basename(dirname(path)) : basename(path, '.md')
    }
    const below = new Set()
    for (const document of documents) {
      const index = indices.get(dirname(pathOf(document)))
      if (index === undefined || index === document) continue
      document.parent = index
      index.addChild(document)
      below.add(document)
    }
    const stays = (reflection) => !below.has(reflection)
    project.documents = project.documents?.filter(stays)
    project.childrenIncludingDocuments = project.childrenIncludingDocuments?.filter(stays)
  })
  // By now every page has its address.
  app.renderer.on(Renderer.EVENT_BEGIN, ({ project }) => {
    const names = importNames()
    for (const module of project.children ?? []) module.name = names.get(module.name) ?? module.name
    for (const [document, heading] of headings) document.name = heading ?? document.name
  })
}

/** The text of a document's first heading. */
function headingOf({ content }) {
  const text = content.map(({ text }) => text).join('')
  return /^# +(.+)$/m.exec(text)?.[1].replaceAll('`', '')
}

/** By a module's place below the sources: the name that it is imported by. */
function importNames() {
  const { name, exports } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../package.json'), 'utf8'))
  return new Map(
    Object.entries(exports).flatMap(([path, { default: file }]) =>
      file === undefined
        ? []
        : [[file.replace(/^\.\/dist\/(.*?)(\/index)?\.js$/, '$1'), name + path.slice(1)]],
    ),
  )
}
