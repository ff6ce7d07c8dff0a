<?php
// php seed.php ROOT ACTION: fills or changes the site with invented text.
[$_, $site_root, $what_to_do] = $argv;
$_SERVER['HTTP_HOST'] = parse_url(getenv('SITE_URL'), PHP_URL_HOST);
require $site_root . '/wp-load.php';
remove_all_filters('comment_flood_filter');

function blog_post(int $number, string $title, string $body): int {
    $when = gmdate('Y-m-d H:i:s', time() - (13 - $number) * 86400);
    return wp_insert_post([
        'post_title' => $title, 'post_content' => $body, 'post_status' => 'publish',
        'post_date' => $when, 'post_date_gmt' => $when, 'post_author' => 1,
    ], true);
}

function reply(int $post, int $number, string $who, string $body, int $parent = 0): int {
    $when = gmdate('Y-m-d H:i:s', time() - 7200 + $number * 60);
    return wp_insert_comment([
        'comment_post_ID' => $post, 'comment_author' => $who, 'comment_author_email' => "$who@example.org",
        'comment_content' => $body, 'comment_parent' => $parent, 'comment_approved' => 1,
        'comment_date' => $when, 'comment_date_gmt' => $when,
    ]);
}

if ($what_to_do === 'seed') {
    foreach (get_posts(['numberposts' => -1, 'post_type' => 'post']) as $post) wp_delete_post($post->ID, true);
    foreach (get_comments() as $comment) wp_delete_comment($comment->comment_ID, true);
    for ($i = 1; $i <= 12; $i++) {
        blog_post($i, $i === 5 ? 'Værdi 共同 🧠 and “care”' : "Co-production diary $i",
            "<p>Entry $i on what value means to us.</p><blockquote><p>Quoted line $i.</p></blockquote><p>Our own closing words $i.</p>");
    }
    $first = get_posts(['numberposts' => 1, 'order' => 'ASC', 'orderby' => 'date'])[0]->ID;
    $parent = 0;
    for ($i = 1; $i <= 34; $i++) {
        $body = $i % 5 === 0 ? "<blockquote>Comment before $i</blockquote>I disagree, café talk $i." : "Comment $i about what helped.";
        $id = reply($first, $i, 'peer' . ($i % 11), $body, $i % 3 === 0 ? $parent : 0);
        if ($i % 3 === 1) $parent = $id;
    }
}
if ($what_to_do === 'change') {
    $posts = get_posts(['numberposts' => 2, 'order' => 'ASC', 'orderby' => 'date']);
    wp_update_post(['ID' => $posts[1]->ID, 'post_content' => '<p>Rewritten entry on what value means.</p>']);
    $comments = get_comments(['order' => 'ASC', 'orderby' => 'comment_date_gmt']);
    wp_update_comment(['comment_ID' => $comments[3]->comment_ID, 'comment_content' => 'Comment 4, now said otherwise.']);
    wp_trash_comment($comments[6]->comment_ID);
    wp_set_comment_status($comments[8]->comment_ID, 'hold');
}
$approved = get_comments(['count' => true, 'status' => 'approve']);
echo json_encode(['posts' => (int) wp_count_posts()->publish, 'comments' => (int) $approved]), "\n";
