// Checks that the links of a built site lead to files and places in it, and lists those that do not:
//   node scripts/check-site.mjs FOLDER
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inflateSync } from 'node:zlib'

const tag = /<([a-zA-Z][\w-]*)((?:\s+[^\s=<>"'/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s<>"']+))?)*)\s*\/?>/g
const attribute = /([^\s=<>"'/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s<>"']+)))?/g
const entities = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

const decoded = (text) =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) =>
    name === undefined
      ? String.fromCodePoint(Number.parseInt(hex ?? decimal, hex ? 16 : 10))
      : (entities[name] ?? whole),
  )

/** The links of a page, and the places in it that links may lead to. */
function readPage(html) {
  const text = html.replace(/<!--[\s\S]*?-->/g, '').replace(/(<script\b[^>]*>)[\s\S]*?<\/script>/gi, '$1')
  const links = []
  const places = new Set()
  for (const [, , attributes] of text.matchAll(tag)) {
    for (const [, name, ...values] of attributes.matchAll(attribute)) {
      const value = decoded(values.find((each) => each !== undefined) ?? '')
      if (name === 'href' || name === 'src') links.push(value)
      else if (name === 'id' || name === 'name') places.add(value)
    }
  }
  return { links, places }
}

/** The links of TypeDoc's navigation, which a script builds from compressed data. */
function navigationLinks(script) {
  const data = /base64,([\w+/=]+)/.exec(script)?.[1] ?? /"([\w+/=]{20,})"/.exec(script)?.[1]
  if (data === undefined) return []
  const pathsOf = ({ path, children = [] }) => [
    ...(path === undefined ? [] : [path]),
    ...children.flatMap(pathsOf),
  ]
  return JSON.parse(inflateSync(Buffer.from(data, 'base64')).toString()).flatMap(pathsOf)
}

/** Checks a built site: how many pages and links it has, and one message for each link that leads nowhere. */
export function checkSite(folder) {
  const root = resolve(folder)
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  const present = new Set(files)
  const isFile = (path) => present.has(path)
  const pages = new Map(
    files
      .filter((path) => path.endsWith('.html'))
      .map((path) => [path, readPage(readFileSync(path, 'utf8'))]),
  )
  const problems = []
  let links = 0
  const check = (from, base, link) => {
    if (/^[a-z][a-z\d+.-]*:|^\/\//i.test(link)) return
    links++
    const [, path, fragment] = /^([^?#]*)(?:\?[^#]*)?(?:#(.*))?$/s.exec(link)
    const report = (why) => problems.push(`${relative(root, from)}: ${link}: ${why}`)
    const place = (text) => {
      try {
        return decodeURIComponent(text)
      } catch {
        return text
      }
    }
    const reached = path === '' ? from : resolve(base, place(path))
    const target = isFile(join(reached, 'index.html')) ? join(reached, 'index.html') : reached
    if (target !== root && !target.startsWith(root + sep)) report('outside the site')
    else if (!isFile(target)) report('no such file')
    else if (fragment && pages.has(target) && !pages.get(target).places.has(place(fragment)))
      report('no such place')
  }
  for (const [path, page] of pages) {
    for (const link of page.links) check(path, dirname(path), link)
  }
  const navigation = join(root, 'assets', 'navigation.js')
  if (isFile(navigation)) {
    for (const link of navigationLinks(readFileSync(navigation, 'utf8'))) check(navigation, root, link)
  }
  if (pages.size === 0) problems.push(`${folder}: there is no page`)
  return { pages: pages.size, links, problems }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { pages, links, problems } = checkSite(process.argv[2] ?? 'docs/api')
  for (const problem of problems) console.error(problem)
  console.log(`${pages} pages, ${links} links, ${problems.length} of them broken`)
  process.exitCode = problems.length > 0 ? 1 : 0
}
