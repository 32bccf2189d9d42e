"use strict";
// Shows the records of the JSON island. Text reaches the page through text nodes only, never as markup.
(() => {
  const DATA = JSON.parse(document.getElementById("data").textContent);
  const WORDS = {
    articles: ["文章", "Articles"],
    index: ["人名地名机构", "Names"],
    overview: ["概览", "Overview"],
    page: ["原版", "Page"],
    article: ["文章", "Article"],
    pages: ["版面", "pages"],
    characters: ["字", "characters"],
    failed: ["失败", "failed"],
    search: ["查找标题、正文、人名……", "Search titles, texts, names …"],
    searchNames: ["查找名称……", "Search names …"],
    all: ["全部", "all"],
    kind: ["类别", "kind"],
    flag: ["标记", "flag"],
    topic: ["主题", "topic"],
    source: ["版面", "page"],
    edited: ["有修补", "repaired"],
    lines: ["行", "lines"],
    line: ["行", "line"],
    keywords: ["关键词", "Keywords"],
    topics: ["主题", "Topics"],
    times: ["时间", "Times"],
    quantities: ["数量", "Quantities"],
    edits: ["修补", "Repairs"],
    entities: ["实体", "Names"],
    split: ["拆分依据", "Evidence of the split"],
    layers: ["处理环节", "Stages"],
    PER: ["人名", "persons"],
    LOC: ["地名", "places"],
    ORG: ["机构", "organisations"],
    time: ["时间", "times"],
    quantity: ["数量", "quantities"],
    keyword: ["关键词", "keywords"],
    edit: ["修补及原文", "repairs, originals"],
    kinds: ["类别", "Kinds"],
    forms: ["体裁", "Forms"],
    flags: ["标记", "Flags"],
    labels: ["实体", "Names by label"],
    errors: ["失败的版面", "Pages that failed"],
    run: ["本次运行", "This run"],
    balance: ["字符去向", "Where the characters went"],
    in_articles: ["文章", "articles"],
    in_furniture: ["报头等", "furniture"],
    dropped_markup: ["标记符号", "markup"],
    residual: ["未归属", "in no article"],
    pageFlags: ["版面标记", "Page flags"],
    rebuilt: [
      "原文件未找到，此版据记录复原：一行为一块，“·”为记录中没有的字符。",
      "The page file was not found unchanged; rebuilt from the records: one row a block, “·” stands for characters that no record holds.",
    ],
    only: ["只显示前 {n} 篇；计数为全部。", "Only the first {n} articles are shown; the counts are over all."],
    more: ["还有 {n} 项……", "{n} more …"],
    none: ["没有结果", "Nothing found"],
    theme: ["明/暗", "Theme"],
    prev: ["上一篇", "Previous"],
    next: ["下一篇", "Next"],
    deleted: ["删去", "removed"],
    original: ["原文", "on the page"],
    noPlace: ["无对应原文", "no place on the page"],
    continued_from: ["上接第 {n} 版", "continued from page {n}"],
    continued_to: ["下转第 {n} 版", "continued on page {n}"],
    abstained: ["未判定", "none given"],
    click: [
      "点文中的名称、时间、数量或修补，右侧即指出原版的位置；点右侧的行，可回到文章。",
      "Click a name, time, quantity or repair to see its place on the page; click a line of the page to come back.",
    ],
  };
  const KINDS = {
    news: "新闻",
    photo: "图片",
    notice: "公告",
    ad: "广告",
    filler: "补白",
    brief: "简讯",
    roundup: "综述",
    qa: "问答",
    poem: "诗歌",
    editorial: "评论",
    weather: "天气",
    table: "表格",
  };
  const ROLES = {
    kicker: "引题",
    title: "主题",
    subtitle: "副题",
    subhead: "小标题",
    column: "栏目",
    byline: "署名",
    dateline: "电头",
    paragraph: "正文",
    caption: "图注",
    credit: "来源",
    notice: "公告",
    ad: "广告",
    table: "表格",
    masthead: "报头",
    footer: "报尾",
    jump: "转版",
    slogan: "标语",
    image: "图",
    unknown: "未定",
  };
  const HEADS = new Set(["kicker", "title", "subtitle", "subhead", "column"]);
  // Flags that tell of a step that went well.
  const USUAL = new Set(["joined_across_break"]);
  const LABELS = ["PER", "LOC", "ORG"];
  const LAYERS = ["PER", "LOC", "ORG", "time", "quantity", "keyword", "edit"];
  const CHUNK = 80;
  const state = {
    language: (navigator.language || "").startsWith("zh") ? 0 : 1,
    pane: "list",
    left: "articles",
    article: -1,
    hit: null,
    off: new Set(["keyword"]),
    filter: { text: "", kind: "", flag: "", topic: "", page: "", edited: false },
    label: "PER",
    open: null,
  };
  const pages = new Map(DATA.pages.map((page) => [page.id, page]));
  const $ = (id) => document.getElementById(id);
  const say = (key, n) => (WORDS[key] ? WORDS[key][state.language] : key).replace("{n}", n);
  const kindName = (kind) => (state.language ? kind : KINDS[kind] || kind);

  // ---- small tools
  function h(tag, props, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(props || {})) {
      if (key === "onclick" || key === "oninput" || key === "onchange") node.addEventListener(key.slice(2), value);
      else if (key === "class") node.className = value;
      else if (value !== undefined && value !== null && value !== false)
        node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return node;
  }
  const number = (value) => value.toLocaleString("en-US");
  const clip = (text, size) => (text.length > size ? text.slice(0, size) + "…" : text);
  function fill(node, ...children) {
    node.replaceChildren(...children.flat().filter(Boolean));
  }
  // Offsets of records count code points, strings of this language 16-bit units: texts with characters beyond the first
  // plane are kept as arrays of code points.
  function points(text) {
    return /[\ud800-\udfff]/.test(text) ? Array.from(text) : text;
  }
  function cut(text, start, end) {
    const part = text.slice(start, end);
    return typeof part === "string" ? part : part.join("");
  }
  function chunked(box, items, make) {
    let at = 0;
    const more = h("div", { class: "more" });
    const watcher = new IntersectionObserver(
      (seen) => {
        if (seen.some((entry) => entry.isIntersecting)) add();
      },
      { root: box, rootMargin: "600px" },
    );
    function add() {
      more.before(...items.slice(at, at + CHUNK).map(make));
      at += CHUNK;
      if (at >= items.length) {
        watcher.disconnect();
        more.remove();
      } else more.textContent = say("more", items.length - at);
    }
    fill(box, more);
    if (!items.length) {
      more.textContent = say("none");
      return;
    }
    add();
    if (at < items.length) watcher.observe(more);
  }

  // ---- the way back to the page
  DATA.articles.forEach((article, number_) => {
    article.n = number_;
    article.chars = points(article.text);
    for (const list of [article.entities, article.times, article.quantities])
      list.forEach((x) => {
        x.text = cut(article.chars, x.start, x.end);
      });
    article.runs.forEach((run) => {
      run.copied = run[1] - run[0] === run[3] - run[2];
    });
  });
  function toPage(article, start, end) {
    const spans = [];
    for (const run of article.runs) {
      if (run[0] === run[1] ? !(start === end && run[0] === start) : !(run[0] < end && run[1] > start)) continue;
      if (run.copied) spans.push([run[2] + Math.max(start, run[0]) - run[0], run[2] + Math.min(end, run[1]) - run[0]]);
      else spans.push([run[2], run[3]]);
    }
    return spans.filter((span) => span[0] < span[1]);
  }
  function toArticle(article, start, end) {
    let low = Infinity,
      high = -1;
    for (const run of article.runs) {
      if (run[2] >= end || run[3] <= start || run[0] === run[1]) continue;
      low = Math.min(low, run.copied ? run[0] + Math.max(start, run[2]) - run[2] : run[0]);
      high = Math.max(high, run.copied ? run[0] + Math.min(end, run[3]) - run[2] : run[1]);
    }
    return high < 0 ? null : [low, high];
  }
  function prepare(page) {
    if (page.ready) return page;
    page.ready = true;
    page.rows.forEach((row) => {
      row.chars = points(row[3]);
    });
    page.own = page.rows.map(() => []);
    for (const article of DATA.articles) {
      if (article.page_id !== page.id) continue;
      page.rows.forEach((row, at) => {
        const end = row[2] + row.chars.length;
        const size = article.runs.reduce(
          (sum, run) => sum + Math.max(0, Math.min(end, run[3]) - Math.max(row[2], run[2])),
          0,
        );
        if (size) page.own[at].push([size, article.n]);
      });
    }
    page.own.forEach((owners) => owners.sort((a, b) => b[0] - a[0]));
    return page;
  }
  function rowsOf(page, spans) {
    return page.rows.filter((row) => spans.some((span) => span[0] < row[2] + row.chars.length && span[1] > row[2]));
  }
  function lineText(rows) {
    const found = [...new Set(rows.map((row) => (row[0] === row[1] ? `${row[0]}` : `${row[0]}–${row[1]}`)))];
    return state.language
      ? `${say(found.length > 1 ? "lines" : "line")} ${found.join(", ")}`
      : `第 ${found.join("、")} 行`;
  }
  function issue(page) {
    const p = page.publication;
    return (
      [p.name, p.date, p.page_no && (state.language ? `p. ${p.page_no}` : `第 ${p.page_no} 版`), p.page_name]
        .filter(Boolean)
        .join(" · ") || page.source
    );
  }

  // ---- top
  function drawTop() {
    const o = DATA.overview;
    fill(
      $("top"),
      h("h1", {}, "版面 Banmian"),
      h(
        "span",
        { class: "numbers" },
        `${number(o.page_total)} ${say("pages")} · ${number(o.articles)} ${say("articles").toLowerCase()} · ${number(o.characters)} ${say("characters")} · ${number(o.error_total)} ${say("failed")}`,
      ),
      h(
        "span",
        { class: "actions" },
        h("button", { onclick: () => openOverview() }, say("overview")),
        h(
          "button",
          {
            onclick: () => {
              state.language = 1 - state.language;
              drawAll();
            },
          },
          state.language ? "中文" : "English",
        ),
        h("button", { onclick: flipTheme, title: say("theme") }, "◐"),
      ),
    );
    fill(
      $("tabs"),
      ["list", "view", "page"].map((pane) =>
        h(
          "button",
          { class: state.pane === pane ? "on" : "", onclick: () => setPane(pane) },
          say({ list: "articles", view: "article", page: "page" }[pane]),
        ),
      ),
    );
  }
  function flipTheme() {
    const dark = document.documentElement.dataset.theme
      ? document.documentElement.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "light" : "dark";
  }
  function setPane(pane) {
    state.pane = pane;
    document.body.dataset.pane = pane;
    [...$("tabs").children].forEach((button, at) => {
      button.className = ["list", "view", "page"][at] === pane ? "on" : "";
    });
    // A hidden pane cannot be scrolled, so the place is looked up again when it is shown.
    const place =
      pane === "list"
        ? null
        : $(pane).querySelector(".hit") || (pane === "page" ? $(pane).querySelector(".own") : null);
    if (place && matchMedia("(max-width: 700px)").matches) place.scrollIntoView({ block: "center" });
  }

  // ---- left: articles, names
  let items = [];
  function passes(article) {
    const f = state.filter;
    if (f.kind && article.kind !== f.kind && article.form !== f.kind) return false;
    if (f.flag && !article.split.flags.includes(f.flag)) return false;
    if (f.topic && !article.topics.some((topic) => topic.code === f.topic)) return false;
    if (f.page && article.page_id !== f.page) return false;
    if (f.edited && !article.edits.length) return false;
    return (
      !f.text ||
      article.text.toLowerCase().includes(f.text) ||
      article.id.toLowerCase().includes(f.text) ||
      article.byline.people.some((person) => person.name.includes(f.text))
    );
  }
  function options(key, values) {
    return h(
      "select",
      {
        "aria-label": say(key),
        onchange: (event) => {
          state.filter[key === "source" ? "page" : key] = event.target.value;
          drawItems();
        },
      },
      h("option", { value: "" }, `${say(key)}: ${say("all")}`),
      values.map(([value, label]) =>
        h("option", { value, selected: state.filter[key === "source" ? "page" : key] === value }, label),
      ),
    );
  }
  function counted(values) {
    const counts = new Map();
    values.forEach((value) => counts.set(value, (counts.get(value) || 0) + 1));
    return [...counts].sort((a, b) => b[1] - a[1]);
  }
  function drawList() {
    const names = state.left === "names";
    let timer = 0;
    const search = h("input", {
      type: "search",
      class: "full",
      placeholder: say(names ? "searchNames" : "search"),
      "aria-label": say("search"),
      value: state.filter.text,
      oninput: (event) => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          state.filter.text = event.target.value.trim().toLowerCase();
          drawItems();
        }, 150);
      },
    });
    const tabs = h(
      "div",
      { class: "switch full" },
      [
        ["articles", "articles"],
        ["names", "index"],
      ].map(([left, word]) =>
        h(
          "button",
          {
            class: state.left === left ? "on" : "",
            onclick: () => {
              state.left = left;
              state.filter.text = "";
              drawList();
            },
          },
          say(word),
        ),
      ),
    );
    const topicNames = new Map(
      DATA.articles.flatMap((a) => a.topics.map((t) => [t.code, state.language ? t.label_en : t.label_zh])),
    );
    const controls = names
      ? [
          h(
            "div",
            { class: "switch full" },
            LABELS.map((label) =>
              h(
                "button",
                {
                  class: state.label === label ? "on" : "",
                  onclick: () => {
                    state.label = label;
                    state.open = null;
                    drawList();
                  },
                },
                say(label),
              ),
            ),
          ),
        ]
      : [
          options(
            "kind",
            counted(DATA.articles.map((a) => a.kind)).map(([v, n]) => [v, `${kindName(v)} ${n}`]),
          ),
          options(
            "flag",
            counted(DATA.articles.flatMap((a) => a.split.flags)).map(([v, n]) => [v, `${v} ${n}`]),
          ),
          options(
            "topic",
            counted(DATA.articles.flatMap((a) => a.topics.map((t) => t.code))).map(([v, n]) => [
              v,
              `${topicNames.get(v)} ${n}`,
            ]),
          ),
          options(
            "source",
            DATA.pages.filter((p) => !p.ignored).map((p) => [p.id, p.source]),
          ),
        ];
    fill(
      $("list"),
      h("div", { class: "controls" }, tabs, search, controls, h("span", { class: "count", id: "count" })),
      h("div", { class: "items", id: "items" }),
    );
    drawItems();
  }
  function drawItems() {
    if (state.left === "names") return drawNames();
    items = DATA.articles.filter(passes);
    $("count").textContent =
      `${number(items.length)} / ${number(DATA.articles.length)} ${say("articles").toLowerCase()}`;
    chunked($("items"), items, articleItem);
  }
  function heading(article) {
    return article.title || clip(article.text.replace(/\s+/g, " "), 24);
  }
  function articleItem(article) {
    const page = pages.get(article.page_id);
    return h(
      "button",
      {
        class: article.n === state.article ? "item on" : "item",
        "data-n": article.n,
        onclick: () => openArticle(article.n),
      },
      h("span", { class: article.title ? "t" : "t none" }, heading(article)),
      h(
        "span",
        { class: "m" },
        h("span", {}, page ? issue(page) : ""),
        h("span", {}, kindName(article.form)),
        article.split.flags.map((flag) => h("span", { class: USUAL.has(flag) ? "" : "flag" }, flag)),
        article.edits.length ? h("span", {}, `${say("edits")} ${article.edits.length}`) : null,
      ),
    );
  }
  let names = null;
  function nameOf(article, entity) {
    return article.names.get(entity.id) || (entity.label === "LOC" && entity.norm) || entity.text;
  }
  function gatherNames() {
    names = { PER: new Map(), LOC: new Map(), ORG: new Map() };
    for (const article of DATA.articles) {
      article.names = new Map(
        article.mentions.flatMap((mention) => mention.entity_ids.map((id) => [id, mention.name])),
      );
      for (const entity of article.entities) {
        const table = names[entity.label];
        if (!table) continue;
        const name = nameOf(article, entity);
        if (!table.has(name)) table.set(name, []);
        table.get(name).push([article.n, entity.start, entity.end]);
      }
    }
    for (const label of LABELS)
      names[label] = [...names[label]].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1));
  }
  function drawNames() {
    if (!names) gatherNames();
    const found = names[state.label].filter(
      ([name]) => !state.filter.text || name.toLowerCase().includes(state.filter.text),
    );
    $("count").textContent = `${number(found.length)} ${say(state.label)}`;
    chunked($("items"), found, ([name, places]) => {
      const box = h("div", {}),
        count = new Set(places.map((place) => place[0])).size;
      const open = () => {
        if (box.children.length > 1) {
          box.lastChild.remove();
          return;
        }
        const list = h("div", { class: "occurrences" });
        box.append(list);
        places.slice(0, 200).forEach(([n, start, end]) => list.append(occurrence(DATA.articles[n], start, end)));
        if (places.length > 200) list.append(h("div", { class: "more" }, say("more", places.length - 200)));
      };
      box.append(
        h(
          "button",
          { class: "item", onclick: open },
          h("span", { class: "t" }, name),
          h("span", { class: "m" }, `${places.length} × · ${count} ${say("articles").toLowerCase()}`),
        ),
      );
      return box;
    });
  }
  function occurrence(article, start, end) {
    const before = cut(article.chars, Math.max(0, start - 10), start),
      after = cut(article.chars, end, end + 14);
    return h(
      "button",
      { class: "item", onclick: () => openArticle(article.n, [start, end]) },
      h(
        "span",
        {},
        before.replace(/\n/g, " "),
        h("mark", {}, cut(article.chars, start, end)),
        after.replace(/\n/g, " "),
      ),
      h("span", { class: "m" }, clip(heading(article), 22)),
    );
  }

  // ---- middle: one article
  function annotations(article) {
    const list = [];
    article.entities.forEach((x) => list.push({ start: x.start, end: x.end, cls: `e-${x.label}`, kind: x.label, x }));
    article.times.forEach((x) => list.push({ start: x.start, end: x.end, cls: "time", kind: "time", x }));
    article.quantities.forEach((x) => list.push({ start: x.start, end: x.end, cls: "quantity", kind: "quantity", x }));
    article.keywords.forEach((x) =>
      x.spans.forEach(([start, end]) => list.push({ start, end, cls: "keyword", kind: "keyword", x })),
    );
    article.edits.forEach((x) => list.push({ start: x.start, end: x.end, cls: "edit", kind: "edit", x }));
    return list;
  }
  const INLINE = new Set(["dateline", "byline"]);
  function lineRole(zones, start, end) {
    let best = null,
      most = 0;
    for (const zone of zones) {
      const size = Math.min(zone.end, end) - Math.max(zone.start, start);
      const weight = size <= 0 ? 0 : INLINE.has(zone.role) ? size / 1e6 : size;
      if (weight > most) {
        best = zone.role;
        most = weight;
      }
    }
    return best || "unknown";
  }
  function drawText(article, extra = []) {
    const box = h("div", { class: "text" }),
      all = [...annotations(article), ...extra],
      chars = article.chars,
      size = chars.length;
    for (let start = 0; start <= size;) {
      let end = start;
      while (end < size && chars[end] !== "\n") end += 1;
      const zones = article.zones.filter((zone) => zone.start < end && zone.end > start);
      const role = lineRole(zones, start, end);
      const inline = zones
        .filter((zone) => INLINE.has(zone.role) && zone.role !== role)
        .map((zone) => ({ start: zone.start, end: zone.end, cls: `i-${zone.role}` }));
      const here = [
        ...inline,
        ...all.filter(
          (a) =>
            (a.start < end && a.end > start) ||
            (a.start === a.end &&
              a.start >= start &&
              a.start <= end &&
              (a.start < end || end === size || start === end)),
        ),
      ];
      if (start < end || here.length)
        box.append(
          h(
            role === "title" ? "h2" : "p",
            { class: `z z-${role}`, title: state.language ? role : ROLES[role] },
            pieces(article, here, start, end),
          ),
        );
      start = end + 1;
    }
    return box;
  }
  function pieces(article, here, start, end) {
    const cuts = new Set([start, end]);
    here.forEach((a) => {
      if (a.start > start && a.start < end) cuts.add(a.start);
      if (a.end > start && a.end < end) cuts.add(a.end);
    });
    const borders = [...cuts].sort((a, b) => a - b),
      nodes = [];
    const was = (a) =>
      h(
        "span",
        {
          class: "was a",
          "data-s": a.start,
          "data-e": a.start,
          title: `${say("edit")}: ${a.x.rule}`,
          onclick: (event) => {
            event.stopPropagation();
            setHit(article, a);
          },
        },
        clip(a.x.original.replace(/\s+/g, " "), 30) || "␣",
      );
    for (let i = 0; i < borders.length; i += 1) {
      const at = borders[i],
        stop = borders[i + 1];
      here
        .filter(
          (a) =>
            a.kind === "edit" &&
            (a.start === at || (at === start && a.start < start)) &&
            (stop !== undefined || a.start === a.end),
        )
        .forEach((a) => nodes.push(was(a)));
      if (stop === undefined) break;
      const active = here.filter((a) => a.start <= at && a.end >= stop && a.start < a.end);
      const text = cut(article.chars, at, stop);
      if (!active.length) {
        nodes.push(text);
        continue;
      }
      const clickable = active.filter((a) => a.kind).sort((a, b) => a.end - a.start - (b.end - b.start));
      const shown = () => clickable.find((a) => !state.off.has(a.kind)) || clickable[0];
      nodes.push(
        h(
          "span",
          {
            class: `${active.map((a) => a.cls).join(" ")}${clickable.length ? " a" : ""}`,
            "data-s": at,
            "data-e": stop,
            title: clickable.length ? describe(article, shown()) : null,
            onclick: () => {
              if (clickable.length) setHit(article, shown());
            },
          },
          text,
        ),
      );
    }
    return nodes;
  }
  function describe(article, a) {
    const x = a.x || {};
    if (LABELS.includes(a.kind))
      return [say(a.kind), x.norm, x.kb_id, x.score]
        .filter((value) => value !== null && value !== undefined && value !== "")
        .join(" · ");
    if (a.kind === "time") return [say("time"), x.type, x.value, x.mod].filter(Boolean).join(" · ");
    if (a.kind === "quantity")
      return [say("quantity"), x.kind, x.value === undefined ? null : number(x.value), x.unit]
        .filter((value) => value !== null && value !== undefined)
        .join(" · ");
    if (a.kind === "edit") return `${x.rule} (${x.confidence}) · ${say("original")}: ${clip(x.original, 40)}`;
    return a.kind ? say(a.kind) : "";
  }
  function facts(article) {
    const go = (start, end, kind, x) => () => setHit(article, { start, end, kind, x }, true);
    const part = (title, ...nodes) => h("section", {}, h("h3", {}, title), ...nodes);
    const groups = new Map();
    if (!names) gatherNames();
    article.entities.forEach((entity) => {
      const key = `${entity.label} ${nameOf(article, entity)}`;
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(entity);
    });
    const offices = new Map(
      article.mentions.map((mention) => [
        `${mention.label} ${mention.name}`,
        [mention.org, ...mention.titles].filter(Boolean).join(" "),
      ]),
    );
    const chips = [...groups]
      .sort((a, b) => LABELS.indexOf(a[1][0].label) - LABELS.indexOf(b[1][0].label))
      .map(([key, list]) => {
        let turn = -1;
        return h(
          "button",
          {
            class: `chip ${list[0].label}`,
            onclick: () => {
              turn = (turn + 1) % list.length;
              go(list[turn].start, list[turn].end, list[turn].label, list[turn])();
            },
          },
          key.slice(4),
          list.length > 1 ? h("small", {}, ` ×${list.length}`) : null,
          offices.get(key) ? h("small", {}, ` ${offices.get(key)}`) : null,
          list[0].kb_id ? h("small", {}, ` ${list[0].kb_id}`) : null,
        );
      });
    const rows = (list, cells) =>
      h(
        "table",
        {},
        h(
          "tbody",
          {},
          list.map((x) =>
            h(
              "tr",
              { class: "go", onclick: go(x.start, x.end, x.rule ? "edit" : x.kind ? "quantity" : "time", x) },
              cells(x).map((cell) =>
                cell instanceof Node
                  ? h("td", {}, cell)
                  : h("td", {}, cell === null || cell === undefined ? "–" : String(cell)),
              ),
            ),
          ),
        ),
      );
    return h(
      "div",
      { class: "facts" },
      part(
        say("topics"),
        article.topics.length
          ? h(
              "div",
              { class: "chips" },
              article.topics.map((t) =>
                h(
                  "span",
                  { class: "chip" },
                  `${t.label_zh} ${t.label_en} `,
                  h("small", {}, `${t.code} ${t.score.toFixed(2)}`),
                ),
              ),
            )
          : h("span", { class: "note" }, article.notes.join("; ") || say("abstained")),
      ),
      article.keywords.length
        ? part(
            say("keywords"),
            h(
              "div",
              { class: "chips" },
              article.keywords.map((k) =>
                h(
                  "button",
                  { class: "chip", onclick: go(...k.spans[0], "keyword", k) },
                  k.text,
                  h("small", {}, ` ${k.score.toFixed(2)}${k.spans.length > 1 ? ` ×${k.spans.length}` : ""}`),
                ),
              ),
            ),
          )
        : null,
      chips.length ? part(say("entities"), h("div", { class: "chips" }, chips)) : null,
      article.times.length
        ? part(
            say("times"),
            rows(article.times, (x) => [x.text, x.type, x.value, x.mod || "", x.anchor || ""]),
          )
        : null,
      article.quantities.length
        ? part(
            say("quantities"),
            rows(article.quantities, (x) => [
              x.text,
              x.kind,
              x.value === undefined ? null : number(x.value),
              x.unit || "",
            ]),
          )
        : null,
      article.edits.length
        ? part(
            say("edits"),
            rows(article.edits, (x) => [
              h("del", {}, clip(x.original, 60).replace(/\n/g, "⏎") || "∅"),
              h("ins", {}, cut(article.chars, x.start, x.end).replace(/\n/g, "⏎") || `∅ (${say("deleted")})`),
              x.rule,
              x.confidence,
            ]),
          )
        : null,
      part(
        say("split"),
        h(
          "div",
          { class: "chips" },
          h("span", { class: "chip" }, `${article.split.confidence}`),
          article.split.flags.map((flag) => h("span", { class: "chip flag" }, flag)),
          article.split.evidence.map((item) => h("span", { class: "chip" }, item)),
        ),
      ),
      h(
        "details",
        {},
        h("summary", { class: "note" }, say("layers")),
        h(
          "table",
          {},
          h(
            "tbody",
            {},
            Object.entries(DATA.layers).map(([stage, value]) => h("tr", {}, h("td", {}, stage), h("td", {}, value))),
          ),
        ),
      ),
    );
  }
  function drawArticle() {
    const article = DATA.articles[state.article],
      page = pages.get(article.page_id);
    const step = (by) => () => {
      const at = items.findIndex((item) => item.n === state.article),
        next = items[at + by];
      if (next) openArticle(next.n);
    };
    const people = article.byline.people.map((person) => [person.role, person.name].filter(Boolean).join(" "));
    const meta = [
      issue(page),
      kindName(article.kind),
      kindName(article.form),
      ...people,
      article.byline.agency,
      article.continued_from && say("continued_from", article.continued_from),
      article.continued_to && say("continued_to", article.continued_to),
    ].filter(Boolean);
    const toggle = (layer) =>
      h(
        "label",
        {},
        h("input", {
          type: "checkbox",
          checked: !state.off.has(layer),
          onchange: (event) => {
            if (event.target.checked) state.off.delete(layer);
            else state.off.add(layer);
            setLayers();
          },
        }),
        h("span", { class: LABELS.includes(layer) ? `e-${layer}` : layer }, say(layer)),
      );
    fill(
      $("view"),
      h(
        "div",
        { class: "bar" },
        h("span", { class: "where" }, [...new Set(meta)].join(" · ")),
        h("span", { class: "badge" }, article.id),
        h("button", { onclick: step(-1), title: say("prev") }, "←"),
        h("button", { onclick: step(1), title: say("next") }, "→"),
        h("div", { class: "detail", id: "detail" }, say("click")),
      ),
      h("div", { class: "layers" }, LAYERS.map(toggle)),
      drawText(article),
      facts(article),
    );
    setLayers();
  }
  function setLayers() {
    const box = $("view").querySelector(".text");
    if (box) box.className = ["text", ...[...state.off].map((layer) => `no-${layer}`)].join(" ");
  }
  function setHit(article, a, scroll) {
    state.hit = a ? [a.start, a.end] : null;
    const view = $("view");
    view.querySelectorAll(".text .hit").forEach((node) => node.classList.remove("hit"));
    if (!a) return drawPage();
    let first = null;
    view.querySelectorAll(".text [data-s]").forEach((node) => {
      const low = +node.dataset.s,
        high = +node.dataset.e;
      if ((low < a.end && high > a.start) || (low === high && low === a.start && a.kind === "edit")) {
        node.classList.add("hit");
        first = first || node;
      }
    });
    const page = prepare(pages.get(article.page_id)),
      spans = toPage(article, a.start, a.end),
      rows = rowsOf(page, spans);
    fill(
      $("detail"),
      h("b", {}, a.start < a.end ? clip(cut(article.chars, a.start, a.end), 40) : "∅"),
      ` ${a.kind ? describe(article, a) : ""} · ${rows.length ? lineText(rows) : say("noPlace")}`,
    );
    if (scroll && first) first.scrollIntoView({ block: "center" });
    drawPage();
    history.replaceState(null, "", `#${encodeURIComponent(article.id)}:${a.start}-${a.end}`);
  }

  // ---- right: the page
  function drawPage() {
    const article = DATA.articles[state.article];
    const page = prepare(pages.get(article.page_id));
    const own = toPage(article, 0, article.chars.length),
      hit = state.hit ? toPage(article, ...state.hit) : [];
    const keep = $("page").dataset.page === page.id ? $("page").scrollTop : 0;
    let target = null;
    const marks = (row) => {
      const end = row[2] + row.chars.length,
        cuts = new Set([row[2], end]);
      for (const [low, high] of [...own, ...hit]) {
        if (low > row[2] && low < end) cuts.add(low);
        if (high > row[2] && high < end) cuts.add(high);
      }
      const borders = [...cuts].sort((a, b) => a - b);
      return borders.slice(0, -1).map((at, i) => {
        const inside = (span) => span[0] <= at && span[1] >= borders[i + 1];
        const cls = [own.some(inside) ? "own" : "", hit.some(inside) ? "hit" : ""].filter(Boolean).join(" ");
        const text = cut(row.chars, at - row[2], borders[i + 1] - row[2]);
        return cls ? h("span", { class: cls }, text) : text;
      });
    };
    const rows = page.rows.map((row, at) => {
      const mine = page.own[at].some(([, n]) => n === article.n);
      const role = page.roles.find(([first, last]) => first === row[0] || (first <= row[0] && last >= row[1]));
      const node = h(
        "div",
        { class: mine ? "row own" : "row", onclick: () => clickRow(page, at) },
        h("span", { class: "n" }, row[0] === row[1] ? row[0] : `${row[0]}–${row[1]}`),
        h(
          "span",
          { class: "s" },
          role && row[3].trim()
            ? h("span", { class: HEADS.has(role[2]) ? "r big" : "r" }, state.language ? role[2] : ROLES[role[2]])
            : null,
          marks(row),
        ),
      );
      if (!target && hit.some(([low, high]) => low < row[2] + row.chars.length && high > row[2])) target = node;
      if (!hit.length && !target && mine && !keep) target = node;
      return node;
    });
    const b = page.balance;
    fill(
      $("page"),
      h(
        "div",
        { class: "head" },
        h("b", {}, page.source),
        h(
          "div",
          { class: "note" },
          `${issue(page)} · ${say("balance")}: ${["in_articles", "in_furniture", "dropped_markup", "residual"].map((key) => `${say(key)} ${number(b[key])}`).join(" · ")}`,
        ),
        page.flags.length ? h("div", { class: "flag" }, page.flags.join(" · ")) : null,
        page.rebuilt ? h("div", { class: "warn" }, say("rebuilt")) : null,
      ),
      rows,
    );
    $("page").dataset.page = page.id;
    $("page").scrollTop = keep;
    if (target) target.scrollIntoView({ block: "center" });
  }
  function clickRow(page, at) {
    const row = page.rows[at],
      owners = page.own[at];
    if (!owners.length) return;
    const mine = owners.find(([, n]) => n === state.article) || owners[0];
    const span = toArticle(DATA.articles[mine[1]], row[2], row[2] + row.chars.length);
    if (mine[1] !== state.article) openArticle(mine[1], span, true);
    else if (span) {
      showSpan(DATA.articles[mine[1]], span);
    }
    if (matchMedia("(max-width: 700px)").matches) setPane("view");
  }
  // Marks a stretch that is no annotation: the text is drawn again with borders at its ends.
  function showSpan(article, span) {
    $("view")
      .querySelector(".text")
      .replaceWith(drawText(article, [{ start: span[0], end: span[1], cls: "stretch" }]));
    setLayers();
    setHit(article, { start: span[0], end: span[1] }, true);
  }

  // ---- the overview
  function openOverview() {
    state.article = -1;
    document.body.classList.add("wide-view");
    const o = DATA.overview,
      m = DATA.manifest;
    const table = (title, rows, go) =>
      rows.length
        ? h(
            "section",
            {},
            h("h3", {}, title),
            h(
              "table",
              {},
              h(
                "tbody",
                {},
                rows
                  .slice(0, 25)
                  .map(([name, count]) =>
                    h(
                      "tr",
                      { class: go ? "go" : "", onclick: go ? () => go(name) : () => {} },
                      h("td", {}, name),
                      h("td", { class: "n" }, number(count)),
                    ),
                  ),
              ),
            ),
          )
        : null;
    const filter = (key) => (value) => {
      state.filter = { text: "", kind: "", flag: "", topic: "", page: "", edited: false, [key]: value };
      state.left = "articles";
      drawList();
      setPane("list");
    };
    const balance = new Map(o.balance),
      total = balance.get("in") || 1;
    const parts = ["in_articles", "in_furniture", "dropped_markup", "residual"].map((key) => [
      key,
      balance.get(key) || 0,
    ]);
    const bar = h(
      "div",
      { class: "stack" },
      parts.map(([key, value]) => {
        const node = h("span", { title: `${say(key)} ${number(value)}` });
        node.style.width = `${(100 * value) / total}%`;
        return node;
      }),
    );
    const card = (value, word) => h("div", { class: "card" }, h("b", {}, number(value)), h("span", {}, word));
    const flat = leaves(m, "").filter(([key]) => !key.startsWith("config.resolved."));
    fill(
      $("view"),
      h(
        "div",
        { class: "overview" },
        h(
          "div",
          { class: "cards full" },
          card(o.page_total, say("pages")),
          card(o.articles, say("articles")),
          card(o.characters, say("characters")),
          card(o.error_total, say("failed")),
        ),
        o.articles > DATA.articles.length ? h("div", { class: "warn full" }, say("only", number(o.limit))) : null,
        DATA.pages.some((page) => page.rebuilt) ? h("div", { class: "warn full" }, say("rebuilt")) : null,
        h(
          "section",
          { class: "full" },
          h("h3", {}, say("balance")),
          bar,
          h(
            "p",
            { class: "note" },
            parts
              .map(([key, value]) => `${say(key)} ${number(value)} (${((100 * value) / total).toFixed(1)} %)`)
              .join(" · "),
          ),
        ),
        table(say("kinds"), o.kinds, filter("kind")),
        table(say("forms"), o.forms, filter("kind")),
        table(say("flags"), o.flags, filter("flag")),
        table(say("edits"), o.edits),
        table(say("labels"), o.labels),
        table(say("topics"), o.topics),
        table(say("pageFlags"), o.pages),
        DATA.errors.length
          ? h(
              "section",
              { class: "full" },
              h("h3", {}, say("errors")),
              h(
                "table",
                {},
                h(
                  "tbody",
                  {},
                  DATA.errors.map((e) =>
                    h(
                      "tr",
                      {},
                      h("td", {}, e.source),
                      h("td", {}, e.stage),
                      h("td", {}, e.error),
                      h("td", {}, e.message),
                    ),
                  ),
                ),
              ),
            )
          : null,
        h(
          "details",
          { class: "full" },
          h("summary", { class: "note" }, say("run")),
          h(
            "table",
            {},
            h(
              "tbody",
              {},
              flat.map(([key, value]) => h("tr", {}, h("td", {}, key), h("td", {}, String(value)))),
            ),
          ),
        ),
      ),
    );
    $("view").scrollTop = 0;
    fill($("page"));
    delete $("page").dataset.page;
    markItem();
  }
  function leaves(value, path) {
    if (value === null || typeof value !== "object") return [[path, value]];
    return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path ? `${path}.${key}` : key));
  }
  function markItem() {
    document
      .querySelectorAll("#items .item[data-n]")
      .forEach((node) => node.classList.toggle("on", +node.dataset.n === state.article));
  }
  function openArticle(n, span, flash) {
    state.article = n;
    state.hit = null;
    document.body.classList.remove("wide-view");
    const article = DATA.articles[n];
    drawArticle();
    $("view").scrollTop = 0;
    if (span && !flash) {
      const known = annotations(article).find((a) => a.start === span[0] && a.end === span[1]);
      setHit(article, known || { start: span[0], end: span[1] }, true);
    } else {
      drawPage();
      if (span) showSpan(article, span);
      history.replaceState(null, "", `#${encodeURIComponent(article.id)}`);
    }
    markItem();
    setPane("view");
  }
  function fromHash() {
    const found = /^#(.+?)(?::(\d+)-(\d+))?$/.exec(location.hash);
    if (!found) return false;
    const id = decodeURIComponent(found[1]),
      article = DATA.articles.find((item) => item.id === id);
    if (article) openArticle(article.n, found[2] ? [+found[2], +found[3]] : null);
    return Boolean(article);
  }
  function drawAll() {
    document.documentElement.lang = state.language ? "en" : "zh-Hans";
    drawTop();
    drawList();
    const pane = state.pane,
      hit = state.hit;
    if (state.article >= 0) openArticle(state.article, hit);
    else openOverview();
    setPane(pane);
  }
  addEventListener("hashchange", fromHash);
  addEventListener("keydown", (event) => {
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey)
      return;
    const by = { j: 1, ArrowRight: 1, k: -1, ArrowLeft: -1 }[event.key];
    if (!by || !items.length) return;
    const at = items.findIndex((item) => item.n === state.article),
      next = items[at + by];
    if (next) openArticle(next.n);
  });
  setPane("list");
  drawAll();
  fromHash();
})();
