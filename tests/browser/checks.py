"""Questions to a page, in JavaScript: contrast, names of controls, headings, landmarks, overflow."""

from __future__ import annotations

LOW_CONTRAST = """() => {
  const parse = color => {
    const parts = (color.match(/[\\d.]+/g) || []).map(Number);
    return parts.length === 3 ? [...parts, 1] : parts;
  };
  const over = (top, below) => top.slice(0, 3).map((part, at) => part * top[3] + below[at] * (1 - top[3])).concat(1);
  const light = color => {
    const linear = part => part <= .03928 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4;
    const [r, g, b] = color.map(part => linear(part / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = element => {
    const layers = [];
    for (let node = element; node; node = node.parentElement) {
      const painted = node instanceof SVGGElement ? [...node.querySelectorAll('rect')].pop() : null;
      const color = parse(painted ? getComputedStyle(painted).fill : getComputedStyle(node).backgroundColor);
      if (color.length === 4 && color[3] > 0) layers.push(color);
      if (color[3] === 1) break;
    }
    const canvas = matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
    return layers.reverse().reduce((below, top) => over(top, below), canvas);
  };
  const bad = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility({ contentVisibilityAuto: true })) continue;
    if (element.closest('script, style, title, .vh, option')) continue;
    const style = getComputedStyle(element);
    const below = behind(element);
    const color = over(parse(element instanceof SVGElement ? style.fill : style.color), below);
    const [low, high] = [light(color), light(below)].sort((a, b) => a - b);
    const ratio = (high + .05) / (low + .05);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) {
      bad[`${element.tagName}.${element.getAttribute('class')} ${color} on ${below}`] = ratio.toFixed(2);
    }
  }
  return bad;
}"""
"""WCAG 2.2, 1.4.3: every piece of text that is shown against what is painted behind it; an object of failures."""

CONTROLS_WITHOUT_NAME = """() =>
  [...document.querySelectorAll('a, button, input, select, summary, [tabindex], svg[role=img]')]
  .filter(one => one.id !== 'main')
  .filter(one => !(one.getAttribute('aria-label') || one.textContent.trim() || (one.labels && one.labels.length)
    || document.getElementById(one.getAttribute('aria-labelledby'))))
  .map(one => one.outerHTML.slice(0, 120))"""

HEADING_LEVELS = "() => [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(one => Number(one.tagName[1]))"

LANDMARKS = """() => ({
  banner: document.querySelectorAll('body > header').length, main: document.querySelectorAll('main').length,
  contentinfo: document.querySelectorAll('body > footer').length,
  navigation: [...document.querySelectorAll('nav')].map(one => one.getAttribute('aria-label')),
  search: [...document.querySelectorAll('[role=search]')].map(one => one.getAttribute('aria-label')),
  regions: [...document.querySelectorAll('section')]
    .map(one => document.getElementById(one.getAttribute('aria-labelledby')).textContent),
})"""

OVERFLOW = """() => {
  const page = document.documentElement, width = page.clientWidth;
  if (page.scrollWidth <= width) return [];
  const contained = one => one.closest('.vh, .skip') || [...document.querySelectorAll('.scroll')]
    .some(box => box !== one && box.contains(one) && getComputedStyle(box).overflowX === 'auto');
  return [`the page ${page.scrollWidth}`, ...[...document.querySelectorAll('body *')]
    .filter(one => one.getBoundingClientRect().right > width + 1 && !contained(one))
    .map(one => `${one.tagName}.${one.className} ${Math.round(one.getBoundingClientRect().right)}`).slice(0, 8)];
}"""
"""What makes the page wider than its window; the boxes of trees and tables scroll by themselves."""

TAB_STOPS = """() => [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
  .filter(one => one.tabIndex >= 0 && one.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true }))
  .map((one, at) => { one.dataset.stop = at; return at; })"""

FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  return { stop: Number(one.dataset.stop), seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 };
}"""

SHOWN_ROWS = "() => [...document.querySelectorAll('.row')].filter(one => one.checkVisibility()).map(one => one.id)"
"""Findings that are really painted: not in a closed fold, not filtered out."""

TEXT_OUTSIDE_ITS_BOX = """() => [...document.querySelectorAll('.chain-picture .hop')].flatMap(hop => {
  const box = hop.querySelector('rect').getBBox();
  return [...hop.querySelectorAll('text')].filter(text => {
    const own = text.getBBox();
    return own.x < box.x || own.x + own.width > box.x + box.width
      || own.y < box.y || own.y + own.height > box.y + box.height;
  }).map(text => text.textContent);
})"""

SQUEEZED = """() => [...document.querySelectorAll('body *')].filter(one => {
  const own = [...one.childNodes].filter(node => node.nodeType === 3).map(node => node.data.trim()).join('');
  const box = one.getBoundingClientRect();
  return own.length > 12 && box.height > 0 && box.width < 2.5 * parseFloat(getComputedStyle(one).fontSize)
    && getComputedStyle(one).position !== 'absolute' && !one.closest('svg');
}).map(one => `${one.tagName} ${one.className}: ${one.textContent.trim().slice(0, 60)}`)"""
"""Texts that stand one letter below the other."""
