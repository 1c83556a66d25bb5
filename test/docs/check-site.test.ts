import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { checkSite } from '../../scripts/check-site.mjs'

let folder = ''

function site(files: Readonly<Record<string, string>>): string {
  folder = mkdtempSync(join(tmpdir(), 'ocelli-site-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('checkSite', () => {
  it('follows links to files, folders and places', () => {
    const whole = site({
      'index.html':
        '<a href="pages/a.html#top">a</a> <a href="#here" id="here">h</a> <img src="pages/x%20y.svg?v=1">',
      'pages/a.html': '<h1 id="top" title="a > b">A</h1><a href="../">up</a><a href="b/">b</a>',
      'pages/b/index.html': '<a name="old"></a><a href=\'../a.html\'>a</a><link rel=icon href=../x%20y.svg>',
      'pages/x y.svg': '<svg/>',
    })
    expect(checkSite(whole)).toEqual({ pages: 3, links: 7, problems: [] })
  })

  it('reports each link that leads nowhere', () => {
    const broken = site({
      'index.html':
        '<a href="gone.html">1</a><a href="a.html#gone">2</a><img src="gone.png"><a href="../a.html">3</a><a href="a.html#caf%C3%A9">4</a>',
      'a.html': '<p id="café"></p><a href="#gone&amp;lost">5</a>',
    })
    expect(checkSite(broken).problems).toEqual([
      'a.html: #gone&lost: no such place',
      'index.html: gone.html: no such file',
      'index.html: a.html#gone: no such place',
      'index.html: gone.png: no such file',
      'index.html: ../a.html: outside the site',
    ])
  })

  it('leaves other sites, comments and scripts alone', () => {
    const quiet = site({
      'index.html':
        '<a href="https://example.org/x">1</a><a href="//example.org">2</a><a href="mailto:a@b.c">3</a>' +
        '<!-- <a href="gone.html"> --><script>const text = \'<a href="gone.html">\'</script><pre>&lt;a href="gone.html"></pre>',
    })
    expect(checkSite(quiet)).toEqual({ pages: 1, links: 0, problems: [] })
  })

  it("follows TypeDoc's navigation, which is compressed", () => {
    const tree = [{ text: 'a', path: 'a.html', children: [{ text: 'b', path: 'b.html' }] }]
    const data = deflateSync(JSON.stringify(tree)).toString('base64')
    const navigated = site({ 'a.html': '<p>', 'assets/navigation.js': `window.navigationData = "${data}"` })
    expect(checkSite(navigated).problems).toEqual(['assets/navigation.js: b.html: no such file'])
  })

  it('does not take an empty folder for a site', () => {
    expect(checkSite(site({ 'notes.txt': '' })).problems).toHaveLength(1)
  })
})
