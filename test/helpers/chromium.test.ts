import { expect, it } from 'vitest'
import { launchChromium } from './chromium.ts'

it('opens a page in a real Chromium, draws text and takes a picture of it', async () => {
  const browser = await launchChromium()
  try {
    const page = await browser.newPage({ viewport: { width: 400, height: 200 } })
    await page.goto('data:text/html,<body style="margin:0;background:white"></body>')
    const blank = await page.screenshot()
    await page.goto('data:text/html,<body style="margin:0;background:white"><h1>Signalbox</h1></body>')
    expect(await page.getByRole('heading', { name: 'Signalbox' }).isVisible()).toBe(true)
    const picture = await page.screenshot()
    // PNG's signature, then a header whose width and height are the viewport's.
    expect(picture.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a')
    expect([picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([400, 200])
    // Where no font is found the page is as blank as the empty one.
    expect(picture.length).toBeGreaterThan(blank.length)
  } finally {
    await browser.close()
  }
}, 120_000)
