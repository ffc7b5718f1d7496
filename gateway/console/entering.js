// Whoever came by a link that opens once: its code becomes a token, which no address ever holds.

const KEPT = "o2o-token"; // by this tab, so that it may be loaded again

export async function entered() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code) {
    const reply = await fetch("/console/token", { headers: { Authorization: `Code ${code}` }, cache: "no-store" });
    history.replaceState(null, "", location.pathname + location.search);
    if (reply.ok) sessionStorage.setItem(KEPT, await reply.text());
  }
  return sessionStorage.getItem(KEPT) ?? "";
}

export const forget = () => sessionStorage.removeItem(KEPT);
