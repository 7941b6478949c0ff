(function () {
  "use strict";
  var form = document.getElementById("filter");
  var told = form.querySelector(".result");
  var unfold = document.getElementById("unfold");
  var cards = document.querySelectorAll(".card");
  var index = [];
  var filtered = false;

  function map(list, change) { return Array.prototype.map.call(list, change); }

  // Made while nobody waits, else when the first filter is used.
  function entry(card) {
    var head = card.firstElementChild.textContent;
    var more = card.querySelectorAll(".explanation, .why, .body > .told, .brief");
    for (var i = 0; i < more.length; i++) head += " " + more[i].textContent;
    var variants = map(card.getElementsByClassName("variant"), function (variant) {
      var text = head;
      var parts = variant.querySelectorAll(".about, .values, .proof");
      for (var i = 0; i < parts.length; i++) text += " " + parts[i].textContent;
      var rows = map(variant.getElementsByClassName("row"), function (row) {
        var tags = row.dataset.f.split(" ");
        return { element: row, text: row.textContent.toLowerCase(), severity: tags[0], verdict: tags[1], kind: tags[2], cluster: tags[3], shown: true, wanted: true };
      });
      return { element: variant, text: text.toLowerCase(), rows: rows, shown: true };
    });
    return { element: card, variants: variants, shown: true, told: "", matching: null };
  }

  function build(deadline) {
    while (index.length < cards.length) {
      if (deadline && deadline.timeRemaining() < 4) { requestIdleCallback(build); return; }
      index.push(entry(cards[index.length]));
    }
  }

  function wanted() {
    var values = { text: form.elements.text.value.trim().toLowerCase() };
    ["severity", "verdict", "kind", "cluster"].forEach(function (name) { values[name] = form.elements[name].value; });
    return values;
  }

  function isEmpty(values) {
    return Object.keys(values).every(function (name) { return !values[name]; });
  }

  function matches(row, variant, values, terms) {
    if (values.severity && row.severity !== values.severity) return false;
    if (values.verdict && row.verdict !== values.verdict) return false;
    if (values.kind && row.kind !== values.kind) return false;
    if (values.cluster && row.cluster !== values.cluster) return false;
    for (var i = 0; i < terms.length; i++) {
      if (variant.text.indexOf(terms[i]) < 0 && row.text.indexOf(terms[i]) < 0) return false;
    }
    return true;
  }

  function show(one, shown) {
    if (one.shown !== shown) { one.element.hidden = !shown; one.shown = shown; }
  }

  function tell(card, text) {
    if (card.told === text) return;
    card.told = text;
    if (!card.matching) {
      card.matching = document.createElement("span");
      card.matching.className = "matching";
      card.element.firstElementChild.appendChild(card.matching);
    }
    card.matching.textContent = text;
  }

  function apply() {
    var values = wanted();
    var empty = isEmpty(values);
    if (empty && !filtered) return;
    filtered = !empty;
    build();
    var terms = values.text.split(/\s+/).filter(Boolean);
    var found = 0, all = 0, causes = 0;
    index.forEach(function (card) {
      var inCard = 0, ofCard = 0;
      card.variants.forEach(function (variant) {
        variant.found = 0;
        variant.rows.forEach(function (row) {
          row.wanted = empty || matches(row, variant, values, terms);
          if (row.wanted) variant.found++;
        });
        inCard += variant.found;
        ofCard += variant.rows.length;
      });
      // What is hidden as a whole is not taken apart; a cause without findings is hidden as soon as one is asked for.
      show(card, empty || inCard > 0);
      if (card.shown) {
        card.variants.forEach(function (variant) {
          show(variant, variant.found > 0);
          if (variant.shown) variant.rows.forEach(function (row) { show(row, row.wanted); });
        });
        tell(card, inCard === ofCard ? "" : number(inCard) + " of " + number(ofCard) + " shown");
      }
      found += inCard; all += ofCard; causes += inCard ? 1 : 0;
    });
    told.textContent = empty ? "" : number(found) + " of " + number(all) + " findings, in " + number(causes) + (causes === 1 ? " group" : " groups");
    remember(values, empty);
  }

  function number(value) { return value.toLocaleString("en"); }

  function shownIn(name, value) {
    return name === "cluster" ? form.elements.cluster.selectedOptions[0].text : value;
  }

  function remember(values, empty) {
    var parts = [];
    Object.keys(values).forEach(function (name) {
      if (values[name]) parts.push(name + "=" + encodeURIComponent(shownIn(name, values[name])).replace(/%2F/g, "/"));
    });
    var hash = empty ? "" : "#?" + parts.join("&");
    if (location.hash !== hash && (hash || location.hash.indexOf("#?") === 0)) {
      history.replaceState(null, "", hash || location.pathname + location.search);
    }
  }

  // By the name that the list shows, so that an address can be written by hand, or by its value.
  function choose(field, wanted) {
    var named = Array.prototype.filter.call(field.options || [], function (option) { return option.text === wanted; })[0];
    field.value = named ? named.value : wanted;
    if (field.options && field.selectedIndex < 0) field.value = "";
  }

  function restore() {
    if (location.hash.indexOf("#?") !== 0) return false;
    var asked = new URLSearchParams(location.hash.slice(2));
    ["text", "severity", "verdict", "kind", "cluster"].forEach(function (name) {
      choose(form.elements[name], asked.get(name) || "");
    });
    apply();
    return true;
  }

  // A link into folded or filtered content shows what it leads to.
  function reveal() {
    var id = decodeURIComponent(location.hash.slice(1));
    var target = id && document.getElementById(id);
    if (!target) return;
    if (target.closest("[hidden]")) { form.reset(); apply(); }
    for (var node = target; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
    }
    target.scrollIntoView();
  }

  var waiting = 0;
  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 60);
  }

  form.addEventListener("input", function (event) { event.target.name === "text" ? soon() : apply(); });
  form.addEventListener("submit", function (event) { event.preventDefault(); apply(); });
  form.addEventListener("reset", function () { setTimeout(apply, 0); });
  unfold.addEventListener("click", function () {
    var fold = unfold.textContent === "Fold all";
    map(cards, function (card) { card.open = !fold; });
    unfold.textContent = fold ? "Unfold all" : "Fold all";
  });
  document.addEventListener("click", function (event) {
    var only = event.target.closest && event.target.closest(".only");
    if (!only) return;
    form.reset();
    form.elements.cluster.value = only.dataset.cluster;
    apply();
    document.getElementById("causes").scrollIntoView();
    form.elements.text.focus({ preventScroll: true });
  });
  window.addEventListener("hashchange", function () { restore() || reveal(); });
  window.addEventListener("beforeprint", function () {
    map(document.querySelectorAll("details:not([open])"), function (one) { one.dataset.printed = ""; one.open = true; });
  });
  window.addEventListener("afterprint", function () {
    map(document.querySelectorAll("details[data-printed]"), function (one) { one.open = false; delete one.dataset.printed; });
  });

  form.hidden = false;
  map(document.querySelectorAll(".only-js"), function (one) { one.hidden = false; });
  restore() || reveal();
  if (window.requestIdleCallback) requestIdleCallback(build);
})();
